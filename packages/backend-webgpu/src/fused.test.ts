import { rowError } from '@tramontane/conformance'
import { interpreter, reference, run, type Graph, type Node, type Tensor } from '@tramontane/core'
import { beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest'
import { findAdapter, openDevice } from './device.ts'
import { Fused } from './fused.ts'
import { randomModel, small, type Options, type Sizes } from './random-model.fixture.ts'
import { Recorder } from './recorder.ts'
import { useSoftwareAdapter } from './software.fixture.ts'
import { opTable } from './table.ts'
import { chooseVariants } from './variants.ts'

let recorder: Recorder
beforeAll(async () => {
  useSoftwareAdapter()
  const device = await openDevice()
  recorder = await Recorder.on(device, await chooseVariants(device))
})

interface Given extends Options {
  readonly sizes?: Partial<Sizes>
  /** Nodes that are others than usual. */
  readonly edit?: (node: Node) => Partial<Node> | undefined
  /** Bytes of a binding. */
  readonly limit?: number
}

function edited({ weights, nodes }: Graph, edit: Given['edit']): Graph {
  return { weights, nodes: nodes.map((node) => ({ ...node, ...edit?.(node) }) as Node) }
}

/** Logits of a prompt with rows out of order, of a few tokens, and of one, against the reference; and how many passes went whole. */
async function checkLogits({ sizes, edit, limit, ...options }: Given, on = recorder): Promise<number> {
  const all = { ...small, layers: 2, ...sizes }
  const { graph, source } = randomModel(all, options)
  const launch = vi.spyOn(Fused.prototype, 'launch')
  onTestFinished(() => launch.mockRestore())
  const open = (given: Graph) => opTable(on, given, limit)
  const backends = [reference(), interpreter({ name: 'webgpu', batchInvariant: false, open })]
  const found: Tensor[][] = []
  for (const backend of backends) {
    const program = await backend.load(edited(graph, edit), source)
    const [a, b] = [program.open(100), program.open(100)]
    const tokens = (length: number, seed: number) => Int32Array.from({ length }, (_, i) => (7 * i + seed) % all.V)
    const passes = [
      [
        { sequence: a, tokens: tokens(11, 0), logits: Int32Array.of(5, 2, 2, 10) },
        { sequence: b, tokens: tokens(30, 1), logits: 'last' },
      ],
      [
        { sequence: b, tokens: tokens(1, 2), logits: 'all' },
        { sequence: a, tokens: tokens(2, 3), logits: Int32Array.of(1, 0, 0) },
      ],
      [{ sequence: a, tokens: tokens(1, 4), logits: 'last' }],
    ] as const
    const values: Tensor[] = []
    for (const feeds of passes) values.push((await run(program, feeds)).get('logits')!)
    found.push(values)
    await program.dispose()
  }
  for (const [i, expected] of found[0].entries()) expect(rowError(found[1][i], expected)).toBeLessThan(1e-5)
  const launched = await Promise.all(launch.mock.results.map(({ value }) => value as ReturnType<Fused['launch']>))
  return launched.filter((values) => values !== undefined).length
}

const byRows = (_: string, [N]: readonly number[]): number[] => [N]
const byBlocks = (_: string, shape: readonly number[]): number[] => shape.map((length) => Math.ceil(length / 128))
const ofTensor = (name: string): boolean => /key|up$/.test(name)
const F8 = (): 'F8_E4M3' => 'F8_E4M3'

const whole: [string, Given][] = [
  ['heads whose halves are odd, widths that fill no load', { sizes: { d: 6, D: 20, F: 5 } }],
  ['a tied embedding in three parts', { sizes: { V: 200 }, tied: true, limit: 5000 }],
  [
    'logits in parts, with scales of rows and a bias',
    { sizes: { V: 300 }, dtypeOf: F8, scaleOf: byRows, limit: 4500, hasBias: (name) => name === 'logits' },
  ],
  [
    'logits in parts, with scales of blocks',
    { sizes: { D: 136, F: 150, V: 310 }, dtypeOf: F8, scaleOf: byBlocks, limit: 43200 },
  ],
  ['biases of some', { hasBias: (name) => /key|up|output|logits/.test(name) }],
  ['scales of tensors beside those of rows', { dtypeOf: F8, scaleOf: (name, [N]) => (ofTensor(name) ? [1] : [N]) }],
  ['two tokens in the vocabulary, one KV head', { sizes: { V: 2, G: 1 } }],
  [
    'norms that differ, one weight for all',
    {
      edit: (node) => (node.op === 'rmsNorm' ? { weight: 'norm.weight', epsilon: node.name.length / 100 } : undefined),
    },
  ],
]

const oneByOne: [string, Given][] = [
  ['one dtype among others in a layer', { dtypeOf: (name) => (name.endsWith('key') ? 'F32' : 'BF16') }],
  ['one kind of scales among others', { dtypeOf: F8, scaleOf: (name, [N]) => (name.endsWith('key') ? [N] : null) }],
  [
    'a weight of two layers',
    { edit: ({ name }) => (name === 'layers.1.query' ? { weight: 'layers.0.query.weight' } : undefined) },
  ],
  [
    'a weight that is the embedding too',
    {
      sizes: { D: 32, V: 32 },
      edit: ({ name }) => (name === 'layers.1.output' ? { weight: 'embedding.weight' } : undefined),
    },
  ],
  [
    'keys turned otherwise',
    {
      edit: (node) =>
        node.op === 'rope' && node.name === 'layers.1.key.rope'
          ? { frequencies: node.frequencies.map((frequency) => frequency / 2) }
          : undefined,
    },
  ],
  [
    'pairs of heads turned together',
    {
      edit: (node) =>
        node.op === 'rope'
          ? { heads: node.heads / 2, frequencies: [...node.frequencies, ...node.frequencies] }
          : undefined,
    },
  ],
  ['a layer with another window', { edit: ({ name }) => (name === 'layers.1.attention' ? { window: 16 } : undefined) }],
  ['matrices that no binding holds together', { limit: 1000 }],
]

describe('a model is right', () => {
  it.each(whole)('whole: %s', async (_, given) => expect(await checkLogits(given)).toBe(3))
  it.each(oneByOne)('one op after another: %s', async (_, given) => expect(await checkLogits(given)).toBe(0))

  it('on a device with nothing but what every device has', async () => {
    const device = await (await findAdapter()).requestDevice()
    const plain = await Recorder.on(device, await chooseVariants(device))
    expect(await checkLogits({ window: 16 }, plain)).toBe(3)
  })
})
