import { run, type Program, type Sequence } from '@tramontane/core'
import { goldenPath, openModel, openNoise, rowError } from '@tramontane/conformance'
import { endToEndBound, precisions } from '@tramontane/conformance/bound'
import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import type { TensorInfo } from './core-runtime.ts'
import { onRuntime } from './on-runtime.ts'
import { realRuntimes } from './real-runtimes.fixture.ts'
import type { Runtime } from './runtime.ts'

let runtimes: Record<'wasm' | 'cpu', Runtime<TensorInfo>>
beforeAll(async () => {
  runtimes = await realRuntimes()
})

async function load(runtime: Runtime<TensorInfo>, name: string): Promise<Program> {
  const { graph, weights, close } = await openModel(goldenPath(name))
  return onRuntime(runtime)
    .load(graph, weights)
    .finally(() => close())
}

it('a thousand steps of two sequences leave as many tensors as one', async () => {
  const { wasm } = runtimes
  const before = wasm.live()
  const program = await load(wasm, 'tiny/window')
  const sequences = [program.open(1024), program.open(1024)]
  const counts: number[] = []
  for (let step = 0; step < 1000; step++) {
    const feeds = sequences.map((sequence) => ({ sequence, tokens: Int32Array.of(step % 97), logits: 'last' as const }))
    await program.submit(feeds).done
    counts.push(wasm.live())
  }
  // A window of five keys: chunks come and go, at most one more than at first.
  const chunk = 2 * 2 * (2 * 2)
  expect(Math.max(...counts.slice(500)) - counts[0]).toBeLessThanOrEqual(2 * chunk)
  for (const sequence of sequences) sequence.close()
  await program.dispose()
  expect(wasm.live()).toBe(before)
})

const action = fc.record({
  kind: fc.constantFrom('open', 'feed', 'feed', 'feed', 'truncate', 'fork', 'close'),
  which: fc.nat(5),
  also: fc.nat(5),
  tokens: fc.array(fc.nat(96), { minLength: 1, maxLength: 90 }),
  share: fc.double({ min: 0, max: 1, noNaN: true }),
})

interface History {
  readonly sequence: Sequence
  readonly tokens: number[]
}

describe.each(['tiny/full', 'tiny/window', 'tiny/fp8'])('%s', (name) => {
  it('any schedule agrees with one pass over the whole text, within the bound', async () => {
    const program = await load(runtimes.wasm, name)
    const bound = 2 * endToEndBound(await openNoise(name), precisions.f32, 'logits')
    const feed = async (histories: readonly History[], tokens: readonly number[]): Promise<void> => {
      const parts = histories.map((_, i) => Int32Array.from(tokens.slice(0, tokens.length - i || 1)))
      const pass = program.submit(histories.map(({ sequence }, i) => ({ sequence, tokens: parts[i], logits: 'last' })))
      for (const [i, history] of histories.entries()) {
        history.tokens.push(...parts[i])
        const sequence = program.open(4000)
        const whole = await run(program, [{ sequence, tokens: Int32Array.from(history.tokens), logits: 'last' }])
        sequence.close()
        expect(rowError(await pass.read('logits', i), whole.get('logits')!)).toBeLessThanOrEqual(bound)
      }
    }
    await fc.assert(
      fc.asyncProperty(fc.array(action, { minLength: 4, maxLength: 16 }), async (actions) => {
        const open: History[] = [{ sequence: program.open(4000), tokens: [] }]
        for (const { kind, which, also, tokens, share } of actions) {
          const one = open[which % open.length]
          if (kind === 'open') open.push({ sequence: program.open(4000), tokens: [] })
          if (kind === 'fork') open.push({ sequence: one.sequence.fork(), tokens: [...one.tokens] })
          if (kind === 'close' && open.length > 1) open.splice(open.indexOf(one), 1)[0].sequence.close()
          if (kind === 'truncate') {
            const { earliest, length } = one.sequence
            one.tokens.length = earliest + Math.floor(share * (length - earliest))
            one.sequence.truncate(one.tokens.length)
          }
          if (kind === 'feed') await feed([...new Set([one, open[also % open.length]])], tokens)
        }
        for (const { sequence } of open) sequence.close()
      }),
      { seed: 4, numRuns: 15 },
    )
    await program.dispose()
  })
})
