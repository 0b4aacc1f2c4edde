import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { run } from './backend.ts'
import { blobFolder, type Folder } from './byte-source.ts'
import { openCheckpoint } from './checkpoint.ts'
import { decode } from './dtype.ts'
import { strategies, type Strategy } from './fp8-layout.ts'
import { loadBare } from './load.ts'
import { reference } from './reference/index.ts'
import { synth, type SynthOptions } from './synth.ts'
import { byteLength } from './tensor.ts'

/** What NumPy makes of the recipe alone, and the logits of it: conformance/goldens/synth/make.py. */
interface Vectors {
  readonly config: Record<string, unknown>
  readonly seed: number
  readonly tensors: Record<Strategy, Record<string, { shape: number[]; first: number[]; last: number[] }>>
  readonly tokens: number[]
  readonly logits: Record<Strategy, number[]>
  readonly embedding: { first: number; numbers: number[] }
}
const { config, seed, tensors, tokens, logits, embedding } = JSON.parse(
  readFileSync(new URL('../../../conformance/goldens/synth/vectors.json', import.meta.url), 'utf8'),
) as Vectors

async function made(options: SynthOptions, changes: object = {}, more: [string, Blob][] = []): Promise<Folder> {
  const source = blobFolder(
    new Map([['config.json', new Blob([JSON.stringify({ ...config, ...changes })])], ...more]),
    'in',
  )
  const files = new Map<string, Blob>()
  for await (const { name, chunks } of synth(source, options)) {
    const parts: Uint8Array<ArrayBuffer>[] = []
    for await (const part of chunks) parts.push(part.slice() as Uint8Array<ArrayBuffer>)
    files.set(name, new Blob(parts))
  }
  expect([...files.keys()].at(-1)).toBe('config.json')
  return blobFolder(files, 'out')
}

async function numbers(folder: Folder): Promise<Record<string, readonly number[]>> {
  const checkpoint = await openCheckpoint(folder)
  const read = async (name: string) => [name, [...decode(await checkpoint.read(name))]] as const
  return Object.fromEntries(await Promise.all([...checkpoint.tensors.keys()].map(read)))
}

describe.each(strategies)('by %s', (strategy) => {
  test('tensors are what the recipe says', async () => {
    const checkpoint = await openCheckpoint(await made({ seed, strategy }))
    const found: typeof tensors.tensor = {}
    for (const [name, { shape }] of checkpoint.tensors) {
      const values = decode(await checkpoint.read(name))
      found[name] = { shape: [...shape], first: [...values.subarray(0, 5)], last: [...values.subarray(-3)] }
    }
    // A weight per tensor has one scale: it is its first and its last.
    expect(found).toEqual(tensors[strategy])
  })

  test('the model computes what NumPy and transformers compute', async () => {
    const { graph, weights } = await loadBare(await made({ seed, strategy }))
    const program = await reference().load(graph, weights)
    const sequence = program.open(tokens.length)
    const fed = { sequence, tokens: Int32Array.from(tokens), logits: 'last' as const }
    const found = decode((await run(program, [fed])).get('logits')!)
    const expected = logits[strategy]
    const worst = Math.max(...expected.map((value, i) => Math.abs(value - found[i])))
    expect(worst / Math.hypot(...expected)).toBeLessThan(1e-11) // [reference.2]
  })
})

describe('synth', () => {
  test('equal seeds give equal tensors in any shards, other seeds others', async () => {
    const expected = await numbers(await made({ seed }))
    expect(await numbers(await made({ seed, shardSize: 30_000 }))).toEqual(expected)
    const other = await numbers(await made({ seed: seed + 1 }))
    for (const name of Object.keys(expected)) expect(other[name], name).not.toEqual(expected[name])
  })

  test('tied embeddings, biases and a quantised source', async () => {
    const changes = { tie_word_embeddings: true, attention_bias: true, quantization_config: { quant_method: 'fp8' } }
    const llama = { architectures: ['LlamaForCausalLM'], model_type: 'llama' }
    const folder = await made({}, { ...changes, ...llama, sliding_window: undefined })
    const { graph, weights } = await loadBare(folder)
    const logits = graph.nodes.at(-1)!
    expect(logits).toMatchObject({ name: 'logits', weight: 'embedding.weight' })
    expect(weights.specs.get('layers.1.output.bias')).toEqual({ dtype: 'BF16', shape: [144] })
    const table = decode(await weights.read('embedding.weight'))
    // 2⁻³ is the largest power with 4³ ≤ 144; the mean of 43,344 squares is known to a few hundredths of itself.
    expect(Math.sqrt(table.reduce((sum, x) => sum + x * x, 0) / table.length)).toBeCloseTo(1 / 8, 2)
  })

  test('a tensor of several pieces goes on where a piece ends', async () => {
    const checkpoint = await openCheckpoint(await made({ seed }, { vocab_size: 15_000 }))
    const { first, numbers } = embedding
    const values = decode(await checkpoint.read('model.embed_tokens.weight'))
    expect([...values.subarray(first, first + numbers.length)]).toEqual(numbers)
  })

  test.each([-1, 0.5, NaN, 2 ** 53])('%d is no seed', async (bad) => {
    await expect(made({ seed: bad })).rejects.toThrow('expected a whole number from 0')
  })

  test('more layers than can be listed', async () => {
    await expect(made({}, { num_hidden_layers: 1e15 })).rejects.toThrow(
      'in/config.json: num_hidden_layers: expected at most 10000, found 1000000000000000',
    )
  })

  test('a config that could not be written again is refused before weights are made', async () => {
    const deep = `{"id2label":${'['.repeat(1e5)}${']'.repeat(1e5)},${JSON.stringify(config).slice(1)}`
    const source = blobFolder(new Map([['config.json', new Blob([deep])]]), 'in')
    await expect(synth(source).next()).rejects.toThrow('in/config.json: expected settings that can be written again')
  })

  test('files of text go along unchanged', async () => {
    const folder = await made({}, {}, [
      ['chat_template.jinja', new Blob(['{{ text }}'])],
      ['notes.md', new Blob(['no'])],
    ])
    expect(await folder.text('chat_template.jinja')).toBe('{{ text }}')
    expect(await folder.has('notes.md')).toBe(false)
  })

  test('asks for room before anything is made, and tells how far it is', async () => {
    const reserve = () => {
      throw new Error('no room')
    }
    await expect(made({ reserve })).rejects.toThrow('no room')
    const told: number[] = []
    let room = 0
    const folder = await made({ reserve: (bytes) => void (room = bytes), progress: (n, all) => told.push(n, all) })
    const { tensors } = await openCheckpoint(folder)
    const bytes = [...tensors.values()].reduce((sum, spec) => sum + byteLength(spec), 0)
    expect([room, told.at(-2), told.at(-1)]).toEqual([bytes, bytes, bytes])
  })

  test('a signal stops it between two tensors', async () => {
    const stop = new AbortController()
    const progress = () => stop.abort(new Error('enough'))
    await expect(made({ progress, signal: stop.signal })).rejects.toThrow('enough')
  })
})
