import type { Dfa } from './dfa.ts'

/** A transition: from, the bytes as pairs of first and last characters ("az09"), to. */
export type Row = readonly [from: number, bytes: string, to: number]

/** A set of byte strings that is written down by hand, trimmed as it stands. */
export function rowsDfa(size: number, final: readonly number[], rows: readonly Row[]): Dfa {
  const table = new Int16Array(size * 256).fill(-1)
  for (const [from, bytes, to] of rows) {
    for (let i = 0; i < bytes.length; i += 2) {
      table.fill(to, from * 256 + bytes.charCodeAt(i), from * 256 + bytes.charCodeAt(i + 1) + 1)
    }
  }
  return { size, next: (state, byte) => table[state * 256 + byte]!, isFinal: (state) => final.includes(state) }
}
