import { mkdtemp, readdir, readFile, rm, truncate, cp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough, Readable, Writable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { decode, openSafetensors } from '@tramontane/core'
import { diskSource } from '@tramontane/core/disk'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { main } from './main.ts'

const path = (relative: string) => fileURLToPath(new URL(`../../../${relative}`, import.meta.url))
const tiny = path('conformance/goldens/tiny/full')
const smol = path('models/smollm2-135m-instruct-fp8')

let scratch: string
beforeAll(async () => void (scratch = await mkdtemp(join(tmpdir(), 'tramontane-'))))
afterAll(() => rm(scratch, { recursive: true }))

function collector(): { stream: Writable; text: () => string } {
  const chunks: Buffer[] = []
  const stream = new Writable({ write: (chunk: Buffer, _, done) => (chunks.push(chunk), done()) })
  return { stream, text: () => Buffer.concat(chunks).toString() }
}

async function call(argv: readonly string[], input = '') {
  const [out, err] = [collector(), collector()]
  const stdin = input === '' ? new PassThrough() : Readable.from([input])
  const code = await main(argv, { stdin, stdout: out.stream, stderr: err.stream })
  return { code, out: out.text(), err: err.text() }
}

async function openFile(file: string) {
  return openSafetensors(await diskSource(file))
}

describe('tiny model', () => {
  // Expected values: transformers at float64, see conformance/goldens/README.md.
  test('logits writes what transformers computes', async () => {
    const golden = await openFile(join(tiny, 'golden.safetensors'))
    const ids = [...decode(await golden.read('tokens'))].join()
    const out = join(scratch, 'values.safetensors')
    const names = ['logits', 'layers.0.attention']
    const { code, err } = await call(['logits', tiny, '--ids', ids, '--outputs', names.join(), '--out', out])
    expect({ code, err }).toEqual({ code: 0, err: '' })
    const found = await openFile(out)
    for (const name of names) {
      const [a, b] = [await found.read(name), await golden.read(name)]
      expect([a.dtype, a.shape]).toEqual(['F64', b.shape])
      const expected = decode(b)
      const worst = decode(a).reduce((most, x, i) => Math.max(most, Math.abs(x - expected[i])), 0)
      expect(worst).toBeLessThan(1e-9)
    }
    await Promise.all([golden.close(), found.close()])
  })

  test('logits without --out shows a line per position', async () => {
    const { code, out } = await call(['logits', tiny, '--ids', '1,2,3', '--top', '2'])
    expect(code).toBe(0)
    expect(out.trimEnd().split('\n')).toHaveLength(3)
  })

  test('generate continues ids without a tokenizer', async () => {
    const { code, out } = await call(['generate', tiny, '--ids', '5,6', '--max-tokens', '3', '--json'])
    expect(code).toBe(0)
    expect(JSON.parse(out)).toMatchObject({ prompt_ids: [5, 6], text: null })
  })

  test('inspect counts parameters', async () => {
    const { code, out } = await call(['inspect', tiny, '--json'])
    expect(code).toBe(0)
    // From config.json: two tables of 97 × 32, and per layer q, o 32 × 32; k, v 16 × 32; three of 48 × 32; two norms; one at the end.
    expect(JSON.parse(out).parameters).toBe(2 * 97 * 32 + 2 * (2 * 32 * 32 + 2 * 16 * 32 + 3 * 48 * 32 + 2 * 32) + 32)
    expect((await call(['inspect', tiny])).out).toContain('MistralForCausalLM')
  })

  test('quantize writes a model that runs, and the same bytes twice', async () => {
    const [a, b] = [join(scratch, 'a'), join(scratch, 'b')]
    for (const out of [a, b]) expect((await call(['quantize', tiny, out, '--shard-size', '20KB'])).code).toBe(0)
    const names = await readdir(a)
    expect(names.filter((name) => name.startsWith('model-')).length).toBeGreaterThan(1)
    for (const name of names) expect(await readFile(join(a, name))).toEqual(await readFile(join(b, name)))
    expect((await call(['logits', a, '--ids', '1,2,3'])).code).toBe(0)
    expect((await call(['quantize', a, join(scratch, 'c')])).err).toContain('not quantised')
    expect((await call(['quantize', tiny, a])).err).toContain('empty folder')
  })
})

describe('bundled model', () => {
  // Expected ids: the tokenizers package of Hugging Face on the same tokenizer.json.
  test('tokenize', async () => {
    const { out } = await call(['tokenize', smol, 'Hello, world', '--json'])
    expect(JSON.parse(out)).toEqual({ ids: [19556, 28, 905] })
  })

  test('generate', async () => {
    const { code, out } = await call(['generate', smol, 'The capital of France is', '--max-tokens', '1', '--json'])
    expect(code).toBe(0)
    expect(JSON.parse(out)).toMatchObject({ text: ' Paris', finish_reason: 'length' })
  })

  test('chat answers a prompt', async () => {
    const { code, out, err } = await call([
      'chat',
      'What is the capital of France?',
      '--model',
      smol,
      '--max-tokens',
      '12',
    ])
    expect(code).toBe(0)
    // Which backend, why, and nothing else.
    expect(err).toMatch(/^backend: (webgpu|tfjs-\w+) \(.*\)\n$/)
    expect(out).toBe('The capital of France is Paris.\n')
  })

  test('chat takes a line of a pipe as a turn, and /reset brings back the first answer', async () => {
    const turn = 'Say hi.\n'
    const input = `${turn}\n/reset\n${turn}/exit\nnever said\n`
    const { code, out } = await call(['chat', '--model', smol, '--max-tokens', '3'], input)
    expect(code).toBe(0)
    const answers = out.trimEnd().split('\n')
    expect(answers).toHaveLength(2)
    expect(answers[0]).toBe(answers[1])
  })
})

describe('errors are one line without a stack', () => {
  const cases: [string, string[], number, RegExp][] = [
    ['missing folder', ['inspect', '/no/such/folder'], 1, /^error: .*no.such.folder.*\n$/],
    ['id outside the vocabulary', ['logits', tiny, '--ids', '1,97'], 1, /^error: .*97.*\n$/],
    ['no tokenizer', ['tokenize', tiny, 'text'], 1, /^error: .*tokenizer\.json.*\n$/],
    ['unknown node', ['logits', tiny, '--ids', '1', '--outputs', 'nothing', '--out', 'x'], 1, /^error: .*nothing.*\n$/],
    ['unknown command', ['sing'], 2, /unknown command/],
    ['missing argument', ['inspect'], 2, /missing required argument/],
    ['bad number', ['generate', tiny, '--ids', '1', '--max-tokens', '-1'], 2, /whole number/],
    ['unknown backend', ['chat', 'Hi', '--backend', 'abacus'], 2, /auto, reference, webgpu, tfjs-node-gpu, .*tfjs-cpu/],
    ['neither text nor ids', ['generate', tiny], 2, /either a text or --ids/],
  ]
  test.each(cases)('%s', async (_, argv, code, message) => {
    const found = await call(argv)
    expect(found.code).toBe(code)
    expect(found.err).toMatch(message)
    expect(found.err).not.toMatch(/^ +at /m)
  })

  test('truncated weights', async () => {
    const folder = join(scratch, 'short')
    await cp(tiny, folder, { recursive: true })
    await truncate(join(folder, 'model.safetensors'), 20_000)
    const { code, err } = await call(['logits', folder, '--ids', '1'])
    expect(code).toBe(1)
    expect(err).toMatch(/^error: .*model\.safetensors.*\n$/)
  })

  test('help has examples', async () => {
    const { code, out } = await call(['chat', '--help'])
    expect(code).toBe(0)
    expect(out).toContain('Examples:')
  })
})
