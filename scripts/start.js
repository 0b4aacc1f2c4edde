import { spawn, spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { setup } from './setup.js'

const path = (relative) => fileURLToPath(new URL(`../${relative}`, import.meta.url))

setup()
const build = spawnSync(process.execPath, [path('node_modules/typescript/bin/tsc'), '-b', path('packages/cli')], {
  stdio: 'inherit',
})
if (build.status !== 0) process.exit(build.status ?? 1)

const chat = spawn(process.execPath, [path('packages/cli/bin/tramontane.js'), 'chat', ...process.argv.slice(2)], {
  stdio: 'inherit',
})
// A terminal sends Ctrl-C to both processes: the chat decides what it means, and this one waits for it.
process.on('SIGINT', () => {})
for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => chat.kill(signal))
chat.on('error', (error) => {
  console.error(error.message)
  process.exitCode = 1
})
chat.on('exit', (code, signal) => {
  if (signal === null) process.exit(code)
  process.removeAllListeners(signal)
  process.kill(process.pid, signal)
})
