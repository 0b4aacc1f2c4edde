import type { Pushdown } from './pushdown.ts'
import type { State } from './state.ts'

function bytesOf(text: string | Uint8Array): Uint8Array {
  return typeof text === 'string' ? new TextEncoder().encode(text) : text
}

/** Null where the text is the beginning of nothing. */
export function read(automaton: Pushdown, text: string | Uint8Array, from = automaton.start): State | null {
  let state: State | null = from
  for (const byte of bytesOf(text)) state = state && automaton.step(state, byte)
  return state
}

export function accepts(automaton: Pushdown, text: string | Uint8Array): boolean {
  return read(automaton, text)?.accepting ?? false
}

/** The text with an end that makes it whole: of what can follow, what leaves the least open is tried first. */
export function completed(automaton: Pushdown, text: string | Uint8Array, limit = 100_000): Uint8Array {
  const start = read(automaton, text)
  if (start === null) throw new Error('nothing begins so')
  const seen = new Set([start])
  const open: { state: State; bytes: Uint8Array }[][] = []
  const put = (state: State, bytes: Uint8Array): void => {
    const depths = state.configurations.map(({ stack }) => stack.depth)
    const depth = state.accepting ? 0 : Math.min(...depths)
    ;(open[depth] ??= []).push({ state, bytes })
  }
  put(start, Uint8Array.from(bytesOf(text)))
  for (let steps = 0; steps < limit; steps++) {
    const next = open.find((some) => some && some.length > 0)?.shift()
    if (next === undefined) throw new Error('dead end')
    if (next.state.accepting) return next.bytes
    for (const byte of automaton.bytesFrom(next.state)) {
      const state = automaton.step(next.state, byte)!
      if (seen.has(state)) continue
      seen.add(state)
      put(state, Uint8Array.of(...next.bytes, byte))
    }
  }
  throw new Error(`no end within ${limit} steps`)
}
