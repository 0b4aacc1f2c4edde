import { decode, run, tensor, type Program, type Tensor } from '@tramontane/core'
import { decidable, logitBound } from './bound/index.ts'
import { openGolden, rowError } from './goldens.ts'

/** What a program says of a text, and its golden, at some positions. */
export interface Answer {
  readonly positions: readonly number[]
  /** [positions, V] */
  readonly logits: Tensor
  /** ‖row‖ of each position. */
  readonly norms: readonly number[]
  /** Positions of which the golden has all logits, and these, [8, V]. */
  readonly full: readonly number[]
  readonly whole: Tensor
  /** Of every position of the text: ids and logits of the largest, in falling order, and the log-sum-exp. */
  readonly ids: readonly number[]
  readonly top: Tensor
  readonly sums: readonly number[]
}

/** At every `stride`-th position and those that the golden has in full. */
export async function answer(program: Program, text: string, stride: number): Promise<Answer> {
  const golden = await openGolden(`smollm2/${text}.safetensors`)
  try {
    const tokens = Int32Array.from(await numbers(golden.read('tokens')))
    const full = await numbers(golden.read('positions'))
    const positions = [...tokens.keys()].filter((t) => t % stride === 0 || full.includes(t))
    const sequence = program.open(tokens.length)
    const values = await run(program, [{ sequence, tokens, logits: Int32Array.from(positions) }])
    sequence.close()
    const [whole, top] = [await golden.read('logits'), await golden.read('top.logits')]
    const [ids, sums] = [await numbers(golden.read('top.ids')), await numbers(golden.read('logsumexp'))]
    const logits = checked(values.get('logits')!, positions.length, whole)
    return { positions, logits, norms: norms(logits, whole), full, whole, ids, top, sums }
  } finally {
    await golden.close()
  }
}

/** As doubles, when they are [rows, V]. */
function checked({ shape, ...rest }: Tensor, rows: number, { shape: [, V] }: Tensor): Tensor {
  if (shape.join() !== `${rows},${V}`) throw new Error(`logits: found [${shape.join(', ')}], expected [${rows}, ${V}]`)
  return tensor('F64', shape, decode({ shape, ...rest } as Tensor))
}

/** Largest errors of any row, as shares of its norm. */
export function errors(found: Answer): [string, number][] {
  const { positions, logits, norms, full, whole, ids, top, sums } = found
  const K = top.shape[1]
  const expected = decode(top)
  const ofRows = (measure: (row: Float64Array, t: number) => number): number =>
    Math.max(...positions.map((t, r) => measure(rowOf(logits, r), t) / norms[r]))
  const ofTop = (row: Float64Array, t: number): number =>
    Math.max(...Array.from({ length: K }, (_, k) => Math.abs(row[ids[t * K + k]] - expected[t * K + k])))
  const rows = full.map((t) => positions.indexOf(t))
  return [
    ['logits', rowError(pick(logits, rows), whole)],
    ['top.logits', ofRows(ofTop)],
    ['logsumexp', ofRows((row, t) => Math.abs(logSumExp(row) - sums[t]))],
  ]
}

/** Positions where the two largest of the golden are apart by more than twice the bound, and those of them that are wrong. */
export function choices(found: Answer, bound: number): { decidable: number; wrong: number[] } {
  const { positions, logits, norms, ids, top } = found
  const K = top.shape[1]
  const judged = [...positions.entries()].filter(([r, t]) => decidable(rowOf(top, t), bound * norms[r]))
  const wrong = judged.filter(([r, t]) => largest(rowOf(logits, r)) !== ids[t * K]).map(([, t]) => t)
  return { decidable: judged.length, wrong }
}

/**
 * ‖row‖, which the golden has at few positions: elsewhere the row's own, but no more than twice the largest of those, so
 * that a row of garbage does not widen its own bound.
 */
export function norms(logits: Tensor, whole: Tensor): number[] {
  const of = (rows: Tensor): number[] =>
    Array.from({ length: rows.shape[0] }, (_, row) => logitBound(rowOf(rows, row), 1))
  const most = 2 * Math.max(...of(whole))
  return of(logits).map((norm) => Math.min(norm, most))
}

const largest = (row: Float64Array): number => row.indexOf(row.reduce((a, b) => Math.max(a, b)))

function logSumExp(row: Float64Array): number {
  const most = row[largest(row)]
  return most + Math.log(row.reduce((total, x) => total + Math.exp(x - most), 0))
}

async function numbers(value: Promise<Tensor>): Promise<number[]> {
  return Array.from((await value).data, Number)
}

function rowOf({ shape: [, V], data }: Tensor, row: number): Float64Array {
  return (data as Float64Array).subarray(row * V, (row + 1) * V)
}

/** Some rows of logits [R, V]. */
function pick(logits: Tensor, rows: readonly number[]): Tensor {
  const V = logits.shape[1]
  const data = new Float64Array(rows.length * V)
  rows.forEach((row, i) => data.set(rowOf(logits, row), i * V))
  return tensor('F64', [rows.length, V], data)
}
