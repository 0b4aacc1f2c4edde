import { encode, type AttentionResult, type Breathe, type NodeOf, type Span, type Tensor } from '@tramontane/core'
import type { Buffers } from './buffers.ts'
import { type PagedCache, type Pages } from './pages.ts'
import { float, groupsFor, type Recorder } from './recorder.ts'

/** A value on the device, in float32. */
export interface Value {
  readonly buffer: GPUBuffer
  readonly shape: readonly [rows: number, columns: number]
}

/** Scores that are held at once, about: longer prompts go in blocks of queries. */
const mostScores = 2 ** 23

interface Context {
  readonly recorder: Recorder
  readonly buffers: Buffers
  readonly pages: Pages
}

/** Rows of a pass that are one after the other in one sequence, and the keys that they see. */
interface Block {
  readonly from: number
  readonly count: number
  readonly start: number
  readonly begin: number
  readonly S: number
}

/**
 * [attention] Remembers the keys and values of each span, then lets every query see its own past.
 * query [T, H·d], key and value [T, G·d] → [T, H·d]; pattern [H, T, S] per span.
 */
export async function attention(
  { recorder, buffers, pages }: Context,
  { name, heads, kvHeads, window }: NodeOf<'attention'>,
  { query, key, value }: { readonly query: Value; readonly key: Value; readonly value: Value },
  spans: readonly Span<PagedCache>[],
  wantPattern: boolean,
  breathe: Breathe,
): Promise<AttentionResult<Value>> {
  const [T, columns] = query.shape
  const d = columns / heads
  const patterns: Tensor[] = []
  const held: GPUBuffer[] = []
  const take = (bytes: number): GPUBuffer => {
    const buffer = buffers.take(bytes)
    held.push(buffer)
    return buffer
  }
  const result = buffers.take(4 * T * columns)
  try {
    for (const { cache, start, from, to } of spans) {
      await cache.prepare(start, start + to - from)
      const table = cache.table()
      const tableBuffer = take(table.byteLength)
      recorder.write(tableBuffer, table)
      append(from, to - from, start, tableBuffer)
      const pattern = wantPattern ? new Float64Array(heads * (to - from) * (start + to - from)) : null
      const block = Math.max(1, Math.floor(mostScores / (heads * (start + to - from))))
      for (let t = from; t < to; t += block) {
        const count = Math.min(block, to - t)
        const first = start + t - from
        const begin = window === null ? 0 : Math.max(0, first - window + 1)
        await attend(
          { from: t, count, start: first, begin, S: first + count - begin },
          tableBuffer,
          pattern && { pattern, at: t - from, T: to - from, S: start + to - from },
        )
        const pause = breathe()
        if (pause) {
          recorder.submit()
          await pause
        }
      }
      if (pattern) patterns.push(encode('F64', [heads, to - from, start + to - from], pattern))
    }
    const out: Value = { buffer: result, shape: [T, columns] }
    return wantPattern ? { value: out, pattern: patterns } : { value: out }
  } catch (error) {
    buffers.release(result)
    throw error
  } finally {
    for (const buffer of held) buffers.release(buffer)
  }

  function append(from: number, count: number, start: number, table: GPUBuffer): void {
    const { keys, values, constants } = pages.storeOf(name)
    const { grid, across } = groupsFor(count * kvHeads * Math.ceil(d / 4))
    recorder.dispatch({
      kernel: 'append',
      constants,
      buffers: [keys, values, key.buffer, value.buffer, table],
      params: [from, count, start, across],
      grid,
    })
  }

  async function attend(
    { from, count, start, begin, S }: Block,
    table: GPUBuffer,
    wanted: { readonly pattern: Float64Array; readonly at: number; readonly T: number; readonly S: number } | null,
  ): Promise<void> {
    const { keys, values, constants } = pages.storeOf(name)
    const scores = take(4 * heads * count * S)
    const all = groupsFor(heads * count * S)
    const factor = float(1 / Math.sqrt(d))
    recorder.dispatch({
      kernel: 'scores',
      constants,
      buffers: [keys, query.buffer, table, scores],
      params: [from, count, start, begin, S, heads, window ?? 0, factor, all.across],
      grid: all.grid,
    })
    const rows = groupsFor(heads * count, 1)
    recorder.dispatch({
      kernel: 'softmax',
      buffers: [scores],
      params: [S, heads * count, rows.across],
      grid: rows.grid,
    })
    const mixed = groupsFor(count * columns)
    recorder.dispatch({
      kernel: 'mix',
      constants,
      buffers: [values, scores, table, result],
      params: [from, count, begin, S, heads, mixed.across],
      grid: mixed.grid,
    })
    if (wanted === null) return
    const found = await recorder.read(scores, 4 * heads * count * S)
    for (let h = 0; h < heads; h++) {
      for (let t = 0; t < count; t++) {
        // Keys of later queries of the block are not this query's.
        const row = found.subarray((h * count + t) * S, (h * count + t + 1) * S)
        wanted.pattern.set(row, (h * wanted.T + wanted.at + t) * wanted.S + begin)
      }
    }
  }
}
