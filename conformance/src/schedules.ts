import { run, type Program, type Sequence, type Tensor } from '@tramontane/core'
import { expect, rows } from './case.ts'

/** What a schedule may do, as plain numbers. `which` and `also` choose among the open sequences, `share` how far back to go. */
export interface Action {
  readonly kind: 'open' | 'feed' | 'truncate' | 'fork' | 'close'
  readonly which: number
  readonly also: number
  readonly tokens: readonly number[]
  readonly share: number
}

interface History {
  readonly sequence: Sequence
  readonly tokens: number[]
}

/**
 * Plays actions on sequences of one program. The logits of every pass are given to `same` beside those of a fresh sequence
 * that sees its whole text at once. `capacity`: of every sequence.
 */
export async function playSchedule(
  program: Program,
  capacity: number,
  actions: readonly Action[],
  same: (found: Tensor, expected: Tensor) => void,
): Promise<void> {
  const open: History[] = [{ sequence: program.open(capacity), tokens: [] }]
  for (const { kind, which, also, tokens, share } of actions) {
    const one = open[which % open.length]
    if (kind === 'open') open.push({ sequence: program.open(capacity), tokens: [] })
    if (kind === 'fork') open.push({ sequence: one.sequence.fork(), tokens: [...one.tokens] })
    if (kind === 'close' && open.length > 1) open.splice(open.indexOf(one), 1)[0].sequence.close()
    if (kind === 'truncate') {
      const { earliest, length } = one.sequence
      one.tokens.length = earliest + Math.floor(share * (length - earliest))
      one.sequence.truncate(one.tokens.length)
    }
    if (kind === 'feed') await feed(program, [...new Set([one, open[also % open.length]])], tokens, same)
  }
  for (const { sequence } of open) sequence.close()
}

/** Feeds all histories in one ragged pass. */
async function feed(
  program: Program,
  histories: readonly History[],
  tokens: readonly number[],
  same: (found: Tensor, expected: Tensor) => void,
): Promise<void> {
  const shares = histories.map((_, i) => Int32Array.from(tokens.slice(0, tokens.length - i || 1)))
  const pass = program.submit(histories.map(({ sequence }, i) => ({ sequence, tokens: shares[i], logits: 'all' })))
  for (const [i, history] of histories.entries()) {
    history.tokens.push(...shares[i])
    const { length } = history.tokens
    expect(history.sequence.length === length, `length: expected ${length}, found ${history.sequence.length}`)
    const sequence = program.open(history.sequence.capacity)
    const whole = await run(program, [{ sequence, tokens: Int32Array.from(history.tokens), logits: 'all' }])
    sequence.close()
    same(await pass.read('logits', i), rows(whole.get('logits')!, length - shares[i].length, length))
  }
}
