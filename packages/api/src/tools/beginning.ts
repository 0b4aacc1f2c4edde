import { InputError } from '@tramontane/core'
import { compile } from '../grammar/compile.ts'
import type { Grammar } from '../grammar/grammar.ts'
import { Pushdown } from '../grammar/pushdown.ts'
import type { State } from '../grammar/state.ts'
import { callOpen } from './syntax.ts'

/** Throws InputError where a text that the grammar derives could be taken for a call. */
export function checkBeginning(grammar: Grammar): void {
  const automaton = new Pushdown(compile(grammar))
  let state: State | null = automaton.start
  for (const byte of new TextEncoder().encode(callOpen)) state = state && automaton.step(state, byte)
  if (state === null) return
  throw new InputError(
    `a text of this format may begin with ${callOpen}, as calls of the 'tools' do; make it begin otherwise`,
  )
}
