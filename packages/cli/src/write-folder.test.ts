import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { InputError, type OutputFile } from '@tramontane/core'
import { load } from '@tramontane/core/disk'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { main } from './main.ts'
import { writeFolder } from './write-folder.ts'

const path = (relative: string) => fileURLToPath(new URL(`../../../${relative}`, import.meta.url))
const loader = path('scripts/typescript-loader.js')
const script = `import { main } from '${new URL('./main.ts', import.meta.url)}'; process.exit(await main(process.argv.slice(1), process))`
/** Runs the command line of these sources in a process of its own. */
const node = ['-C', 'tramontane-source', '--import', loader, '--input-type=module', '-e', script, '--']

/** Some 90 MB, in twenty files: enough to be caught in the middle. */
const medium = {
  architectures: ['MistralForCausalLM'],
  vocab_size: 20_000,
  hidden_size: 1024,
  intermediate_size: 2048,
  num_hidden_layers: 1,
  num_attention_heads: 8,
  num_key_value_heads: 8,
  sliding_window: null,
}

let scratch: string
let config: string
beforeEach(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'tramontane-write-'))
  config = join(scratch, 'config.json')
  await writeFile(config, JSON.stringify(medium))
})
afterEach(() => rm(scratch, { recursive: true }))

const io = () => ({ stdin: new PassThrough(), stdout: new PassThrough(), stderr: new PassThrough() })

async function* files(fault?: () => void): AsyncGenerator<OutputFile> {
  yield { name: 'weights.bin', chunks: [new Uint8Array(1000)] }
  async function* chunks() {
    yield new Uint8Array(1000)
    fault?.()
    yield new Uint8Array(1000)
  }
  yield { name: 'config.json', chunks: chunks() }
}

describe('all files or none', () => {
  test('all', async () => {
    const out = join(scratch, 'a/b/out')
    await writeFolder(io(), out, 'writing', () => files())
    expect(await readdir(out)).toEqual(['config.json', 'weights.bin'])
  })

  test('an error in the middle leaves nothing, not even the folders around', async () => {
    const fault = () => {
      throw new InputError('unreadable')
    }
    const out = join(scratch, 'a/b/out')
    await expect(writeFolder(io(), out, 'writing', () => files(fault))).rejects.toThrow('unreadable')
    expect(await readdir(scratch)).toEqual(['config.json'])
  })

  test('an empty folder that was there stays, and so does what somebody else puts there', async () => {
    const out = join(scratch, 'out')
    await mkdir(out)
    const fault = () => {
      throw new InputError('unreadable')
    }
    await expect(writeFolder(io(), out, 'writing', () => files(fault))).rejects.toThrow('unreadable')
    expect(await readdir(out)).toEqual([])
    const made = join(scratch, 'made')
    const busy = () => writeFile(join(made, 'theirs'), '')
    const slow = async function* () {
      for await (const file of files()) {
        yield file
        await busy()
        throw new InputError('unreadable')
      }
    }
    await expect(writeFolder(io(), made, 'writing', slow)).rejects.toThrow('unreadable')
    expect(await readdir(made)).toEqual(['theirs'])
  })

  test('a signal stops it between two pieces', async () => {
    const stop = new AbortController()
    const out = join(scratch, 'out')
    const command = writeFolder({ ...io(), signal: stop.signal }, out, 'writing', () => files(() => stop.abort()))
    await expect(command).rejects.toThrow('aborted')
    expect(await readdir(scratch)).toEqual(['config.json'])
  })

  test('a folder with something in it is refused', async () => {
    await expect(writeFolder(io(), scratch, 'writing', () => files())).rejects.toThrow('empty folder, found 1 files')
  })

  test('no name is the folder around, which is not empty either', async () => {
    const none = async function* (): AsyncGenerator<OutputFile> {}
    await expect(writeFolder(io(), '', 'writing', none)).rejects.toThrow('expected a new or empty folder, found')
  })
})

test('more than the disk has left is refused before anything is made', async () => {
  await writeFile(config, JSON.stringify({ ...medium, intermediate_size: 2 ** 40 }))
  const { stderr, ...streams } = io()
  expect(await main(['synth', config, join(scratch, 'a/out')], { ...streams, stderr })).toBe(1)
  // Three weights of 2⁴⁰ × 1024, and two scales for each row of two of them.
  const needs = `a/out: needs 33820\\d\\d\\.\\d GB, but only \\d+\\.\\d [KMG]B are free at ${scratch}\n$`
  expect(String(stderr.read())).toMatch(new RegExp(needs))
  expect(await readdir(scratch)).toEqual(['config.json'])
})

describe.skipIf(process.platform === 'win32')('a process of its own', () => {
  /** Writes the checkpoint until its second file is begun, and sends a signal then. */
  async function interrupted(signal: NodeJS.Signals, out: string) {
    const child = spawn(process.execPath, [...node, 'synth', config, out, '--shard-size', '4MB'])
    const said: Buffer[] = []
    child.stderr.on('data', (data: Buffer) => said.push(data))
    const ended = once(child, 'exit')
    const begun = async () => (await readdir(out).catch(() => [])).some((name) => /-00002-.*partial$/.test(name))
    while (child.exitCode === null && !(await begun())) await new Promise((resolve) => setTimeout(resolve, 2))
    child.kill(signal)
    const [code, killed] = (await ended) as [number | null, string | null]
    return { code, killed, said: Buffer.concat(said).toString() }
  }

  test.each(['SIGINT', 'SIGTERM'] as const)('%s leaves nothing', async (signal) => {
    const found = await interrupted(signal, join(scratch, 'out'))
    expect(found).toEqual({ code: 1, killed: null, said: 'error: stopped\n' })
    expect(await readdir(scratch)).toEqual(['config.json'])
  })

  test('killed, it leaves what does not load', async () => {
    const out = join(scratch, 'out')
    expect(await interrupted('SIGKILL', out)).toMatchObject({ killed: 'SIGKILL' })
    expect((await readdir(out)).length).toBeGreaterThan(1)
    await expect(load(out, { tokenizer: false })).rejects.toThrow(InputError)
  })

  test.each([
    ['synth', () => config],
    ['quantize', () => path('conformance/goldens/tiny/full')],
  ])('%s on a disk that takes no more says so and leaves nothing', async (command, from) => {
    // Files may have 16 KiB: the limit that a process without rights can set stands for the disk that is full.
    const limited = ['-c', 'ulimit -f 16; exec "$0" "$@"', process.execPath, ...node, command, from()]
    const run = promisify(execFile)('bash', [...limited, join(scratch, 'out')])
    await expect(run).rejects.toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^error: .*out\/model-0.*: expected a place to write, found EFBIG.*\n$/) as string,
    })
    expect(await readdir(scratch)).toEqual(['config.json'])
  })
})
