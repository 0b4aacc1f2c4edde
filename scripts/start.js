// `npm start`: installs what is missing, builds, and opens a chat; with an argument, answers it and exits.
import './setup.js'
import { spawn, spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const built = spawnSync(process.execPath, [`${root}node_modules/typescript/bin/tsc`, '-b'], { cwd: root, stdio: 'inherit' })
if (built.status !== 0) process.exit(built.status ?? 1)

const chat = spawn(process.execPath, [`${root}packages/cli/bin/tramontane.js`, 'chat', ...process.argv.slice(2)], { stdio: 'inherit' })
// Ctrl-C reaches the chat from the terminal itself; this process only waits for it.
process.on('SIGINT', () => {})
process.on('SIGTERM', () => chat.kill('SIGTERM'))
chat.on('exit', (code) => process.exit(code ?? 1))
