import { execFile, spawn, type ChildProcess } from 'node:child_process'
import { appendFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { softwareEnvironment } from '@tramontane/backend-webgpu/software.fixture'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { bundled } from '../model-option.ts'
import { privateBuild } from '../private-build.fixture.ts'
import { hello, post, writeTiny } from './serve.fixture.ts'

let folder: string
let command: string
let tiny: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tramontane-process-'))
  command = await privateBuild(folder)
  tiny = await writeTiny(folder, 2 ** 16)
}, 120_000)
afterAll(() => rm(folder, { recursive: true }))

/** The command in a process of its own. */
class Server {
  readonly process: ChildProcess
  /** The code, or the signal that ended it. */
  readonly exit: Promise<number | NodeJS.Signals | null>
  out = ''
  err = ''

  /** `env`: beyond that of this process, which may name a folder with tfjs-node. */
  constructor(argv: readonly string[], env: Readonly<Record<string, string>> = {}) {
    const line = [command, 'serve', '--port', '0', ...argv]
    this.process = spawn(process.execPath, line, { env: { ...process.env, TRAMONTANE_TFJS_NODE: '', ...env } })
    this.process.stdout!.on('data', (text: Buffer) => (this.out += text.toString()))
    this.process.stderr!.on('data', (text: Buffer) => (this.err += text.toString()))
    this.exit = new Promise((resolve) => this.process.on('exit', (code, signal) => resolve(code ?? signal)))
  }

  async url(): Promise<string> {
    for (;;) {
      const [, url] = / at (http:\S+)/.exec(this.out) ?? []
      if (url !== undefined) return url
      if (this.process.exitCode !== null) throw new Error(`exit code ${this.process.exitCode}: ${this.err}`)
      await sleep(20)
    }
  }
}

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))
const stream = async (url: string, maxTokens: number) =>
  post(url, '/v1/chat/completions', { ...hello, model: 'tiny', stream: true, max_tokens: maxTokens, ignore_eos: true })

test('SIGTERM lets a stream come to its end, takes no more, and exits with 0', async () => {
  const server = new Server(['--model', tiny])
  const url = await server.url()
  const text = (await stream(url, 300)).text()
  server.process.kill('SIGTERM')
  // `timeout` and npm send theirs twice.
  server.process.kill('SIGTERM')
  await sleep(100)
  await expect(fetch(`${url}/health`)).rejects.toThrow()
  expect(await text).toMatch(/"finish_reason":"length"[^]*\[DONE\]\n\n$/)
  expect(await server.exit).toBe(0)
  expect(server.err).toContain('"msg":"stopping"')
  expect(server.err).not.toContain('the backend has ended')
})

test('a second signal, later, ends it at once', async () => {
  const server = new Server(['--model', tiny])
  const text = (await stream(await server.url(), 60_000)).text().catch(() => 'cut')
  server.process.kill('SIGINT')
  await sleep(700)
  server.process.kill('SIGTERM')
  expect(await server.exit).toBe(128 + 15)
  expect(await text).toBe('cut')
})

test('a signal while the model is being loaded ends it with 0 too', async () => {
  const server = new Server(['--model', bundled])
  while (!server.err.includes('listening')) {
    if (server.process.exitCode !== null) throw new Error(server.err)
    await sleep(5)
  }
  const { url } = JSON.parse(server.err.split('\n')[0]) as { url: string }
  const reply = await fetch(`${url}/health`)
  expect(reply.status).toBe(503)
  expect(await reply.json()).toMatchObject({ error: { code: 'loading' } })
  server.process.kill('SIGINT')
  expect(await server.exit).toBe(0)
  expect(server.out).toBe('')
})

test.each(['auto', 'tfjs-node'])('--backend %s: a runtime that cannot be used ends it with one line', async (name) => {
  const path = join(folder, 'old/node_modules/@tensorflow/tfjs-node')
  await mkdir(path, { recursive: true })
  await writeFile(join(path, 'index.js'), "module.exports = { version: { 'tfjs-node': '3.22.0' }, more: 1 }")
  const server = new Server(['--model', tiny, '--backend', name, '--log-level', 'error'], {
    TRAMONTANE_TFJS_NODE: join(folder, 'old'),
  })
  expect(await server.exit).toBe(1)
  expect(server.err).toMatch(
    /^error: @tensorflow\/tfjs-node: expected .* found 3\.22\.0; .*`--backend reference` needs [^\n]*\n$/,
  )
  expect(server.out).toBe('')
})

/** Runs a script beside the built command. → what it printed, from JSON */
async function script(text: string, env: Readonly<Record<string, string>> = {}): Promise<unknown> {
  const file = join(dirname(command), 'script.js')
  await writeFile(file, text)
  const { stdout } = await promisify(execFile)(process.execPath, [file], { env: { ...process.env, ...env } })
  return JSON.parse(stdout)
}

test('texts are encoded in a thread that answers as this one does', async () => {
  const found = await script(`
    import { loadText } from '@tramontane/core'
    import { diskFolder } from '@tramontane/core/disk'
    import { startPrompts } from '../dist/serve/text-thread.js'
    const directory = ${JSON.stringify(tiny)}
    const text = await loadText(diskFolder(directory))
    const prompts = await startPrompts(text, { directory, expected: {} })
    const messages = [{ role: 'user', content: 'Hi <|im_end|> there' }]
    const message = (error) => error.name + ': ' + error.message
    const found = [
      [...(await prompts.chat(messages))].join() === [...text.chat.encode(messages)].join(),
      [...(await prompts.text('Hi there', { prefix: true }))].join() === [...text.tokenizer.encode('Hi there')].join(),
      await prompts.chat([]).catch(message),
    ]
    prompts.stop()
    found.push(await prompts.text('more', { prefix: false }).catch(message))
    console.log(JSON.stringify(found))`)
  expect(found).toEqual([
    true,
    true,
    expect.stringMatching(/^InputError: .*chat template: expected at least one message/),
    'Error: the text thread was stopped',
  ])
})

test('a thread that ends fails what waits for its backend, and what is asked later', async () => {
  const found = await script(`
    import { startBackend } from '../dist/worker-backend.js'
    const { backend, died, stop } = await startBackend('reference')
    const shape = [3, 2]
    const graph = { weights: { t: { dtype: 'F32', shape } }, nodes: [{ name: 'logits', op: 'gather', rows: 'tokens', table: 't' }] }
    const source = { specs: new Map([['t', { dtype: 'F32', shape }]]), read: () => new Promise(() => {}) }
    const load = () => backend.load(graph, source).catch((error) => error.message)
    const waiting = load()
    void stop()
    console.log(JSON.stringify([await waiting, await load(), (await died).message]))`)
  expect(found).toEqual(Array(3).fill('a worker has ended, with code 1'))
})

test('a thread with a device ends in the middle of a pass, and not the process with it', async () => {
  const text = `
    import { load } from '@tramontane/core/disk'
    import { startBackend } from '../dist/worker-backend.js'
    const model = await load(${JSON.stringify(tiny)})
    const reasons = []
    for (let i = 0; i < 3; i++) {
      const { backend, died, stop } = await startBackend('webgpu')
      const program = await backend.load(model.graph, model.weights)
      const feed = { sequence: program.open(3000), tokens: new Int32Array(2000), logits: 'last' }
      const failed = program.submit([feed]).done.then(() => 'it was over', (error) => error.message)
      await new Promise((resolve) => setTimeout(resolve, 100))
      await stop()
      reasons.push(await failed, (await died).message)
    }
    console.log(JSON.stringify(reasons))`
  const lost = expect.stringContaining('the device is lost') as unknown
  expect(await script(text, softwareEnvironment())).toEqual(Array(6).fill(lost))
})

test('a thread that has no backend to give ends, whatever was loaded into it', async () => {
  const path = join(folder, 'alive/node_modules/@tensorflow/tfjs-node')
  await mkdir(path, { recursive: true })
  const module = "setInterval(() => {}, 1e6); module.exports = { version: { 'tfjs-node': '3.22.0' }, more: 1 }"
  await writeFile(join(path, 'index.js'), module)
  const found = await script(`
    import { startBackend } from '../dist/worker-backend.js'
    process.env.TRAMONTANE_TFJS_NODE = ${JSON.stringify(join(folder, 'alive'))}
    const refused = await startBackend('tfjs-node').catch((error) => error.name + ': ' + error.message)
    console.log(JSON.stringify(refused))`)
  expect(found).toMatch(/^InputError: @tensorflow\/tfjs-node: .* found 3\.22\.0/)
})

test('a server whose backend has died says so to clients and its log, starts another one, and still ends well', async () => {
  const worker = join(dirname(command), '../dist/worker.js')
  const once = join(folder, 'once')
  await writeFile(once, '')
  await appendFile(
    worker,
    `
    const { existsSync, rmSync } = await import('node:fs')
    if (existsSync(${JSON.stringify(once)})) setTimeout(() => (rmSync(${JSON.stringify(once)}), process.exit(9)), 3000)
    `,
  )
  const server = new Server(['--model', tiny])
  const url = await server.url()
  const text = (await stream(url, 60_000)).text()
  expect(await text).toMatch(/data: \{"error":\{[^\n]*\}\n\ndata: \[DONE\]\n\n$/)
  expect(server.err).toContain('a worker has ended, with code 9')
  while (!server.err.includes('the model is there again')) await sleep(20)
  expect((await fetch(`${url}/health`)).status).toBe(200)
  expect(await (await stream(url, 1)).text()).toContain('"finish_reason":"length"')
  server.process.kill('SIGTERM')
  expect(await server.exit).toBe(0)
})

test('--backend webgpu: one line where it cannot be; on a software adapter it answers and ends, also while it computes', async () => {
  // Where no driver is found, whatever this machine has.
  const none = { VK_DRIVER_FILES: '/nowhere', VK_ICD_FILENAMES: '/nowhere', LD_LIBRARY_PATH: '/nowhere' }
  const refused = new Server(['--model', tiny, '--backend', 'webgpu', '--log-level', 'error'], none)
  expect(await refused.exit).toBe(1)
  expect(refused.err).toMatch(
    /^error: webgpu: expected (an adapter|Vulkan .*), found none; install [^\n]*; `--backend auto` takes [^\n]*\n$/,
  )
  const server = new Server(['--model', tiny, '--backend', 'webgpu', '--grace', '0'], softwareEnvironment())
  const url = await server.url()
  expect(server.out).toContain(' on webgpu at ')
  expect(await (await stream(url, 2)).text()).toContain('"finish_reason":"length"')
  const cut = (await stream(url, 60_000)).text().catch(() => 'cut')
  await sleep(200)
  server.process.kill('SIGTERM')
  expect(await server.exit).toBe(0)
  await cut
})
