// Starts `tramontane serve` as a user would, and stops it as a service manager would.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

const command = fileURLToPath(new URL('../packages/cli/bin/tramontane.js', import.meta.url))
/** For a model to be loaded, and for the last request to end, in milliseconds. */
const patience = 120_000

/** Serves on a free port while `use(url)` runs. Throws unless the server comes up, and ends with 0 when it is told to. */
export async function served(args, use) {
  const line = ['serve', '--port', '0', '--log-level', 'error', ...args]
  console.log(`$ tramontane ${line.join(' ')}`)
  const server = spawn(process.execPath, [command, ...line], { stdio: ['ignore', 'pipe', 'inherit'] })
  const ended = once(server, 'exit')
  const kill = () => server.kill('SIGKILL')
  process.once('exit', kill)
  try {
    const url = await Promise.race([urlOf(server), ended.then(([code]) => fail(`the server ended with ${code}`))])
    const { status } = await fetch(`${url}/health`)
    if (status !== 200) fail(`GET /health answered ${status}`)
    await use(url)
    server.kill('SIGTERM')
    const [code, signal] = await Promise.race([ended, late('the server did not end')])
    if (code !== 0) fail(`the server ended with ${code ?? signal} after SIGTERM, expected 0`)
  } finally {
    kill()
    process.off('exit', kill)
  }
}

/** What it prints once it is ready has its address. */
async function urlOf({ stdout }) {
  let text = ''
  const found = (async () => {
    for await (const bytes of stdout.setEncoding('utf8')) {
      text += bytes
      const url = /http:\/\/[\d.]+:\d+/.exec(text)?.[0]
      if (url !== undefined) return url
    }
    return fail(`the server said nothing of its address: ${text}`)
  })()
  return Promise.race([found, late('the server did not come up')])
}

function late(what) {
  return new Promise((_, reject) => {
    setTimeout(() => reject(new Error(`${what} within ${patience / 1000} s`)), patience).unref()
  })
}

function fail(message) {
  throw new Error(message)
}
