import type { Pushdown } from '../grammar/pushdown.ts'

const codes = (characters: string): number[] => Array.from(characters, (character) => character.charCodeAt(0))
const closing = codes('}]')
const ending = codes('"]},:')
const opening = codes('{[, \n\r\t')

/** A whole text under the grammar, each byte drawn from what is possible, after `length` bytes towards an end. Null where that is far. */
export function walked(automaton: Pushdown, seed: number, length = 40): Uint8Array | null {
  let state = automaton.start
  let random = (seed % 2147483646) + 1
  const bytes: number[] = []
  // Park and Miller.
  const below = (count: number): number => (random = (random * 48271) % 2147483647) % count
  while (bytes.length < 5 * length) {
    const isLong = bytes.length >= length
    const possible = automaton.bytesFrom(state)
    if (possible.length === 0 || (state.accepting && (isLong || below(4) === 0))) break
    const from = isLong ? towardsEnd(possible) : below(3) === 0 ? only(ending, possible) : possible
    const byte = from[below(from.length)]!
    bytes.push(byte)
    state = automaton.step(state, byte)!
  }
  return state.accepting ? Uint8Array.from(bytes) : null
}

function towardsEnd(possible: readonly number[]): readonly number[] {
  const closes = only(closing, possible)
  if (closes !== possible) return closes
  const shorter = possible.filter((byte) => !opening.includes(byte))
  return shorter.length > 0 ? only(codes('"'), shorter) : possible
}

/** Those that are possible; where none is, all. */
function only(wanted: readonly number[], possible: readonly number[]): readonly number[] {
  const found = possible.filter((byte) => wanted.includes(byte))
  return found.length > 0 ? found : possible
}
