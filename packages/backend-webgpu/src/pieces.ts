import { angles, type Batch, type Span } from '@tramontane/core'
import type { PagedCache } from './pages.ts'
import { fewRows } from './scratch.ts'
import type { PagedSpan } from './work-list.ts'

/** Rows from … to − 1 of a pass, numbered from 0. */
export interface PassPiece {
  readonly from: number
  readonly to: number
  readonly spans: readonly PagedSpan[]
  readonly tokens: Uint32Array
}

export function pieceOf({ tokens, spans }: Batch<PagedCache>, from: number, to: number): PassPiece {
  return { from, to, spans: spansOf(spans, from, to), tokens: Uint32Array.from(tokens.subarray(from, to)) }
}

function spansOf(spans: readonly Span<PagedCache>[], from: number, to: number): PagedSpan[] {
  return spans
    .filter((span) => span.from < to && span.to > from)
    .map((span) => ({
      table: span.cache.table(),
      start: span.start + Math.max(0, from - span.from),
      from: Math.max(span.from, from) - from,
      to: Math.min(span.to, to) - from,
    }))
}

/** Position of every row. */
function positionsOf({ spans }: PassPiece): number[] {
  return spans.flatMap(({ start, from, to }) => Array.from({ length: to - from }, (_, t) => start + t))
}

/** Cosine and sine side by side, [rows, d / 2]. */
export function anglesOf(piece: PassPiece, frequencies: readonly number[]): Float32Array {
  const { cos, sin } = angles(Int32Array.from(positionsOf(piece)), frequencies)
  const both = new Float32Array(2 * cos.length)
  for (let i = 0; i < cos.length; i++) {
    both[2 * i] = cos[i]
    both[2 * i + 1] = sin[i]
  }
  return both
}

/** Eight rows, of which the last one is repeated: kernels read so many, and use as many as there are. */
export function eight(rows: readonly number[]): number[] {
  return Array.from({ length: fewRows }, (_, t) => rows[Math.min(t, rows.length - 1)])
}
