import { reference, run, type Program, type Sequence } from '@tramontane/core'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { backendCases } from './backend-cases.ts'
import { precisions } from './bound/index.ts'
import { goldenPath, openModel } from './goldens.ts'

describe('the reference passes the shared cases', () => {
  it.each(backendCases)('$name [$clause]', ({ run }) => run({ backend: reference(), precision: precisions.f64 }))
})

interface History {
  readonly sequence: Sequence
  readonly tokens: number[]
}

/** What a random schedule may do, drawn as plain numbers so that a failure shrinks and prints. */
const action = fc.record({
  kind: fc.constantFrom('open', 'feed', 'feed', 'feed', 'truncate', 'fork', 'close'),
  which: fc.nat(5),
  also: fc.nat(5),
  tokens: fc.array(fc.nat(96), { minLength: 1, maxLength: 9 }),
  share: fc.double({ min: 0, max: 1, noNaN: true }),
})

describe('batch invariance: any schedule gives the bits of one pass over the whole text', () => {
  it.each(['tiny/full', 'tiny/window', 'tiny/fp8'])('%s', async (name) => {
    const { graph, weights, close } = await openModel(goldenPath(name))
    const program = await reference().load(graph, weights)
    await close()
    await fc.assert(
      fc.asyncProperty(fc.array(action, { minLength: 4, maxLength: 24 }), async (actions) => {
        const open: History[] = [{ sequence: program.open(400), tokens: [] }]
        for (const step of actions) await perform(program, open, step)
        for (const { sequence } of open) sequence.close()
      }),
      { seed: 3, numRuns: 60 },
    )
  })
})

type Action = typeof action extends fc.Arbitrary<infer T> ? T : never

async function perform(program: Program, open: History[], { kind, which, also, tokens, share }: Action): Promise<void> {
  const subject = open[which % open.length]
  if (kind === 'open') open.push({ sequence: program.open(400), tokens: [] })
  if (kind === 'fork') open.push({ sequence: subject.sequence.fork(), tokens: [...subject.tokens] })
  if (kind === 'close' && open.length > 1) open.splice(open.indexOf(subject), 1)[0].sequence.close()
  if (kind === 'truncate') {
    const { earliest, length } = subject.sequence
    subject.tokens.length = earliest + Math.floor(share * (length - earliest))
    subject.sequence.truncate(subject.tokens.length)
  }
  if (kind === 'feed') await feed(program, [...new Set([subject, open[also % open.length]])], tokens)
}

/** Feeds all histories in one ragged pass and compares each with a fresh sequence that sees its whole text at once. */
async function feed(program: Program, histories: readonly History[], tokens: readonly number[]): Promise<void> {
  const shares = histories.map((_, i) => Int32Array.from(tokens.slice(0, tokens.length - i || 1)))
  const pass = program.submit(histories.map(({ sequence }, i) => ({ sequence, tokens: shares[i], logits: 'all' })))
  for (const [i, history] of histories.entries()) {
    history.tokens.push(...shares[i])
    expect(history.sequence.length).toBe(history.tokens.length)
    const sequence = program.open(400)
    const whole = (await run(program, [{ sequence, tokens: Int32Array.from(history.tokens), logits: 'all' }])).get(
      'logits',
    )!
    sequence.close()
    const found = await pass.read('logits', i)
    expect(found.data).toEqual(whole.data.slice(-found.data.length))
  }
}
