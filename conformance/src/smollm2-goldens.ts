import {
  decode,
  mistral,
  run,
  type Backend,
  type Config,
  type Graph,
  type Program,
  type Tensor,
} from '@tramontane/core'
import { fileURLToPath } from 'node:url'
import { openGolden, openModel, rowError } from './goldens.ts'

/** The model whose logits goldens/smollm2 holds. */
const directory = fileURLToPath(new URL('../../models/smollm2-135m-instruct-fp8', import.meta.url))

/** What goldens/smollm2 holds: texts, and of how many layers; all of them without. */
export const smollm2Texts: readonly { readonly text: string; readonly layers?: number }[] = [
  { text: 'english' },
  { text: 'code' },
  { text: 'script' },
  { text: 'long' },
  { text: 'long-two-layers', layers: 2 },
]

/** SmolLM2 on a backend, or as many of its layers, followed by the last norm and the logits. */
export async function loadSmollm2(backend: Backend, layers?: number): Promise<Program> {
  const { config, graph, weights, close } = await openModel(directory)
  const shallow = layers === undefined ? graph : firstLayers(config, graph, layers)
  const program = await backend.load(shallow, weights)
  await close()
  return program
}

function firstLayers(config: Config, { weights }: Graph, layers: number): Graph {
  const kept = Object.entries(weights).filter(([name]) => !/^layers\./.test(name) || layerOf(name) < layers)
  return mistral({ ...config, layers }, new Map(kept))
}

const layerOf = (name: string): number => Number(name.split('.')[1])

/**
 * How far the logits of one text are from the golden, as shares of their row's norm: those at the positions that it has
 * in full, and at every `stride`-th position the largest 32 and the log-sum-exp. Infinity where the largest is another.
 */
export async function textErrors(program: Program, text: string, stride = 1): Promise<[string, number][]> {
  const golden = await openGolden(`smollm2/${text}.safetensors`)
  try {
    const [tokens, full] = [await numbers(golden.read('tokens')), await numbers(golden.read('positions'))]
    const all = [...tokens.keys()].filter((t) => t % stride === 0 || full.includes(t))
    const asked = Int32Array.from(all)
    const sequence = program.open(tokens.length)
    const logits = (await run(program, [{ sequence, tokens: Int32Array.from(tokens), logits: asked }])).get('logits')!
    sequence.close()
    const whole = full.map((t) => all.indexOf(t))
    const [ids, top] = [await numbers(golden.read('top.ids')), await golden.read('top.logits')]
    return [
      ['logits', rowError(pick(logits, whole), await golden.read('logits'))],
      ['top.logits', topError(logits, all, ids, top)],
      ['logsumexp', sumError(logits, all, await numbers(golden.read('logsumexp')))],
    ]
  } finally {
    await golden.close()
  }
}

/** `positions` are those of the logits' rows. */
function topError(logits: Tensor, positions: readonly number[], ids: readonly number[], expected: Tensor): number {
  const [K, values] = [expected.shape[1], decode(expected)]
  return Math.max(
    ...positions.map((t, r) => {
      const row = rowOf(logits, r)
      if (row.indexOf(row.reduce((a, b) => Math.max(a, b))) !== ids[t * K]) return Infinity
      const off = Array.from({ length: K }, (_, k) => Math.abs(row[ids[t * K + k]] - values[t * K + k]))
      return Math.max(...off) / norm(row)
    }),
  )
}

function sumError(logits: Tensor, positions: readonly number[], expected: readonly number[]): number {
  return Math.max(
    ...positions.map((t, r) => {
      const row = rowOf(logits, r)
      return Math.abs(Math.log(row.reduce((total, x) => total + Math.exp(x), 0)) - expected[t]) / norm(row)
    }),
  )
}

const norm = (row: Float64Array): number => Math.sqrt(row.reduce((total, x) => total + x * x, 0))

async function numbers(tensor: Promise<Tensor>): Promise<number[]> {
  return Array.from((await tensor).data, Number)
}

function rowOf({ shape: [, V], data }: Tensor, row: number): Float64Array {
  return (data as Float64Array).subarray(row * V, (row + 1) * V)
}

/** Some rows of logits [R, V]. */
function pick(logits: Tensor, rows: readonly number[]): Tensor {
  const V = logits.shape[1]
  const data = new Float64Array(rows.length * V)
  rows.forEach((row, i) => data.set(rowOf(logits, row), i * V))
  return { dtype: 'F64', shape: [rows.length, V], data }
}
