import { spawnSync } from 'node:child_process'
import { statSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))

/** When a file was last written, in milliseconds; 0 where there is none. */
function written(path) {
  return statSync(new URL(`../${path}`, import.meta.url), { throwIfNoEntry: false })?.mtimeMs ?? 0
}

/** Installs the dependencies when they are missing or older than the lock file. Silent unless it fails. */
export function setup() {
  const installed = written('node_modules/.package-lock.json')
  if (installed > 0 && installed >= written('package-lock.json')) return
  if (process.stderr.isTTY) console.error('installing dependencies (once) ...')
  // --ignore-scripts: the only script would be our own build, which the callers run when they need it.
  const args = ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error']
  const options = { cwd: root, encoding: 'utf8', shell: process.platform === 'win32' }
  const { status, stdout, stderr, error } = spawnSync('npm', args, options)
  if (status === 0) return
  console.error(`npm ci failed${error ? `: ${error.message}` : ''}\n${stdout ?? ''}${stderr ?? ''}`)
  process.exit(1)
}

if (process.argv[1] === fileURLToPath(import.meta.url)) setup()
