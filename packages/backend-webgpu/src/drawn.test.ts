import { rowError } from '@tramontane/conformance'
import {
  reference,
  run,
  tensor,
  type Drawn,
  type Program,
  type Sequence,
  type SubmitOptions,
  type WeightSource,
} from '@tramontane/core'
import { beforeAll, describe, expect, it } from 'vitest'
import { randomModel, small } from './random-model.fixture.ts'
import { useSoftwareAdapter } from './software.fixture.ts'
import { webgpu } from './webgpu.ts'

const greedy: SubmitOptions = { choose: 'greedy', outputs: [] }
const tokensOf = (length: number, seed = 0) => Int32Array.from({ length }, (_, i) => (7 * i + seed) % small.V)

let program: Program
let exact: Program
beforeAll(async () => {
  useSoftwareAdapter()
  const { graph, source } = randomModel(small)
  program = await (await webgpu()).load(graph, source)
  exact = await reference().load(graph, source)
})

/** What the reference draws after a prompt, one token after the other. */
async function expected(prompt: Int32Array, steps: number): Promise<number[]> {
  const sequence = exact.open(2000)
  const found: number[] = []
  let tokens = prompt
  for (let i = 0; i < steps; i++) {
    const pass = exact.submit([{ sequence, tokens, logits: 'last' }], greedy)
    found.push(await pass.drawn[0].token)
    tokens = Int32Array.of(found.at(-1)!)
  }
  sequence.close()
  return found
}

const tokensDrawn = (drawn: readonly Drawn[]): Promise<number[]> => Promise.all(drawn.map(({ token }) => token))

describe('a token that the device draws is that of the reference', () => {
  it('of ten feeds at once, and when nobody waits for it', async () => {
    const prompts = Array.from({ length: 10 }, (_, i) => tokensOf(1 + i, i))
    const sequences = prompts.map(() => program.open(100))
    let fed: readonly (Int32Array | Drawn)[] = prompts
    const passes: Promise<number[]>[] = []
    for (let step = 0; step < 4; step++) {
      const feeds = sequences.map((sequence, i) => ({ sequence, tokens: fed[i], logits: 'last' as const }))
      const { drawn } = program.submit(feeds, greedy)
      passes.push(tokensDrawn(drawn))
      fed = drawn
    }
    const found = await Promise.all(passes)
    for (const [i, prompt] of prompts.entries())
      expect(found.map((tokens) => tokens[i])).toEqual(await expected(prompt, 4))
  })

  it('after a prompt of several pieces, with passes node by node and of other sequences between', async () => {
    const [prompt, other] = [tokensOf(600), tokensOf(3, 5)]
    const [long, short] = [program.open(2000), program.open(100)]
    const step = (sequence: Sequence, tokens: Int32Array | Drawn, options = greedy) =>
      program.submit([{ sequence, tokens, logits: 'last' }], options).drawn[0]
    // All are submitted before the first has ended.
    const a = [step(long, prompt)]
    const b = [step(short, other)]
    a.push(step(long, a[0]))
    b.push(step(short, b[0], { choose: 'greedy', outputs: ['layers.0.hidden'] }))
    a.push(step(long, a[1]))
    b.push(step(short, b[1]))
    a.push(step(long, a[2], { choose: 'greedy', outputs: ['layers.1.attention'] }))
    a.push(step(long, a[3]))
    // Its row is in the second piece of a pass.
    const before = { sequence: program.open(600), tokens: tokensOf(520), logits: 'none' } as const
    b.push(program.submit([before, { sequence: short, tokens: b.at(-1)!, logits: 'last' }], greedy).drawn[1])
    for (let i = 0; i < 5; i++) b.push(step(short, b.at(-1)!))
    expect(await tokensDrawn(a)).toEqual(await expected(prompt, 5))
    expect(await tokensDrawn(b)).toEqual(await expected(other, 9))
  })

  it('in a fork, and again after a truncation, with the pass that draws it under way', async () => {
    const sequence = program.open(100)
    const prompt = tokensOf(66, 2)
    const [first] = program.submit([{ sequence, tokens: prompt, logits: 'last' }], greedy).drawn
    const twin = sequence.fork()
    const pass = program.submit(
      [
        { sequence: twin, tokens: first, logits: 'last' },
        { sequence, tokens: Int32Array.of(9), logits: 'none' },
      ],
      greedy,
    )
    sequence.truncate(66)
    const again = program.submit([{ sequence, tokens: first, logits: 'last' }], greedy)
    const [, second] = await expected(prompt, 2)
    expect(await pass.drawn[0].token).toBe(second)
    expect(await again.drawn[0].token).toBe(second)
    await expect(pass.drawn[1].token).rejects.toThrow('feed 1: no token was drawn')
  })
})

/** A model in which token 7 makes logits that are not numbers. */
function spoilt() {
  const { graph, source } = randomModel(small)
  const read: WeightSource['read'] = async (...given) => {
    const value = await source.read(...given)
    if (given[0] !== 'embedding.weight') return value
    const data = Uint16Array.from(value.data as Uint16Array)
    data.fill(0x7fc0, 7 * small.D, 8 * small.D)
    return tensor('BF16', value.shape, data)
  }
  return { graph, source: { specs: source.specs, read } }
}

it.each(['greedy', { topK: 3 }] as const)(
  '%o: logits that are no numbers fail their sequence alone',
  async (choose) => {
    const { graph, source } = spoilt()
    const bad = await (await webgpu()).load(graph, source)
    const [hit, spared] = [bad.open(10), bad.open(10)]
    const submit = (sequence: Sequence, tokens: Int32Array | Drawn) =>
      bad.submit([{ sequence, tokens, logits: 'last' }], { choose, outputs: [] })
    const first = submit(hit, Int32Array.of(3, 7))
    const second = submit(hit, first.drawn[0] ?? Int32Array.of(3))
    const third = submit(spared, Int32Array.of(3))
    for (const { done } of [first, second])
      await expect(done).rejects.toThrow(/logits: the value of token 0 is not a number/)
    await third.done
    hit.truncate(0)
    await submit(hit, Int32Array.of(3)).done
    await bad.dispose()
  },
)

it('logits are right whether activations are asked for or not, in turn on one sequence', async () => {
  const [found, twin] = [program.open(200), exact.open(200)]
  const lengths = [70, 1, 3, 20, 1, 9, 1]
  let from = 0
  for (const [i, length] of lengths.entries()) {
    const tokens = tokensOf(200).subarray(from, (from += length))
    const outputs = i % 2 === 0 ? ['logits'] : ['logits', 'layers.1.attention.pattern']
    const values = await run(program, [{ sequence: found, tokens, logits: 'all' }], { outputs })
    const expected = await run(exact, [{ sequence: twin, tokens, logits: 'all' }])
    expect(rowError(values.get('logits')!, expected.get('logits')!)).toBeLessThan(1e-5)
  }
})
