import {
  activations,
  capture,
  reference,
  remote,
  run,
  serve,
  type Feed,
  type Override,
  type Port,
  type Program,
  type Sequence,
  type Tensor,
} from '@tramontane/core'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { goldenPath, openModel } from './goldens.ts'

const { port1, port2 } = new MessageChannel()
serve(port2 as unknown as Port, reference())
const far = await remote(port1 as unknown as Port)
afterAll(() => far.close())

/** Two texts, the first in two parts; a node, rows of the pass and where their numbers come from. */
const experiment = fc.record({
  past: fc.array(fc.nat(96), { minLength: 1, maxLength: 7 }),
  first: fc.array(fc.nat(96), { minLength: 1, maxLength: 6 }),
  second: fc.array(fc.nat(96), { minLength: 1, maxLength: 6 }),
  later: fc.array(fc.nat(96), { minLength: 1, maxLength: 3 }),
  node: fc.nat(999),
  chosen: fc.infiniteStream(fc.boolean()).map((stream) => Array.from({ length: 12 }, () => stream.next().value!)),
  seed: fc.nat(),
})
type Experiment = typeof experiment extends fc.Arbitrary<infer T> ? T : never

/** Numbers in [-2, 2) from a seed: a linear congruential generator. */
function numbers(seed: number, count: number): Float64Array {
  let state = BigInt(seed)
  return Float64Array.from({ length: count }, () => {
    state = (state * 6364136223846793005n + 1442695040888963407n) & 0xffffffffffffffffn
    return Number(state >> 40n) / 2 ** 22 - 2
  })
}

const row = ({ shape: [, columns], data }: Tensor, index: number): number[] =>
  [...(data as Float64Array)].slice(index * columns, (index + 1) * columns)

describe.each([
  ['reference', reference(), 'tiny/full'],
  ['reference', reference(), 'tiny/window'],
  ['remote', far, 'tiny/full'],
] as const)('overrides of random nodes and rows: %s %#, %s', (_, backend, model) => {
  let program: Program
  let nodes: readonly string[]
  beforeAll(async () => {
    const { graph, weights, close } = await openModel(goldenPath(model))
    program = await backend.load(graph, weights)
    nodes = activations(graph).flatMap(({ name, overridable }) => (overridable ? [name] : []))
    await close()
  })

  /** A sequence that holds the past, and one that holds nothing. */
  async function start({ past }: Experiment): Promise<readonly [Sequence, Sequence]> {
    const sequences = [program.open(32), program.open(32)] as const
    await run(program, [{ sequence: sequences[0], tokens: Int32Array.from(past), logits: 'none' }])
    return sequences
  }

  const feedsOf = ({ first, second }: Experiment, sequences: readonly Sequence[]): Feed[] =>
    [first, second].map((tokens, i) => ({ sequence: sequences[i], tokens: Int32Array.from(tokens), logits: 'all' }))

  async function all(one: Experiment, overrides: readonly Override[]): Promise<Map<string, Tensor>> {
    const sequences = await start(one)
    const values = await run(program, feedsOf(one, sequences), { outputs: nodes, overrides })
    const feed = { sequence: sequences[0], tokens: Int32Array.from(one.later), logits: 'all' } as const
    values.set('later', (await run(program, [feed])).get('logits')!)
    for (const sequence of sequences) sequence.close()
    return values
  }

  const check = (property: (one: Experiment) => Promise<void>) =>
    fc.assert(fc.asyncProperty(experiment, property), { seed: 5, numRuns: 30 })

  /** An override of the chosen rows with values of their own, or with new ones. */
  function overrideOf({ node, chosen, seed }: Experiment, clean: Map<string, Tensor>, own: boolean): Override {
    const name = nodes[node % nodes.length]
    const value = clean.get(name)!
    const [length, columns] = value.shape
    const rows = Int32Array.from(Array.from({ length }, (_, i) => i).filter((i) => chosen[i]))
    const data = own ? Float64Array.from([...rows].flatMap((i) => row(value, i))) : numbers(seed, rows.length * columns)
    return { node: name, rows, value: { dtype: 'F64', shape: [rows.length, columns], data } }
  }

  it('its own value put back changes no bit of anything', () =>
    check(async (one) => {
      const clean = await all(one, [])
      expect(await all(one, [overrideOf(one, clean, true)])).toEqual(clean)
      const node = nodes[one.node % nodes.length]
      expect(await all(one, [{ node, value: clean.get(node)! }])).toEqual(clean)
    }))

  it('is what one reads afterwards, in these rows and no others, and nothing before it moves', () =>
    check(async (one) => {
      const clean = await all(one, [])
      const override = overrideOf(one, clean, false)
      const patched = await all(one, [override])
      const [found, before] = [patched.get(override.node)!, clean.get(override.node)!]
      const rows = [...override.rows!]
      for (let i = 0; i < found.shape[0]; i++) {
        const place = rows.indexOf(i)
        expect(row(found, i)).toEqual(place < 0 ? row(before, i) : row(override.value, place))
      }
      for (const node of nodes.slice(0, nodes.indexOf(override.node)))
        expect(patched.get(node)).toEqual(clean.get(node))
    }))

  it('leaves earlier tokens and other sequences alone', () =>
    check(async (one) => {
      const clean = await all(one, [])
      const override = overrideOf(one, clean, false)
      const patched = await all(one, [override])
      const { length } = one.first
      const touched = (i: number) => override.rows!.some((changed) => changed <= i && changed < length === i < length)
      for (const node of nodes)
        for (let i = 0; i < clean.get(node)!.shape[0]; i++)
          if (!touched(i)) expect(row(patched.get(node)!, i)).toEqual(row(clean.get(node)!, i))
      if (!override.rows!.some((changed) => changed < length)) expect(patched.get('later')).toEqual(clean.get('later'))
    }))

  it('enters the cache: what is fed later is as if all had been fed at once; a fork made before stays clean', () =>
    check(async (one) => {
      const clean = await all(one, [])
      const override = overrideOf(one, clean, false)
      const patched = await all(one, [override])
      const [sequence, second] = await start(one)
      const fork = sequence.fork()
      // The fork is fed first: where the two wrongly shared memory, the patched pass would write over it.
      const [kept] = feedsOf(one, [fork])
      await run(program, [{ ...kept, logits: 'none' }])
      const [a, b] = feedsOf(one, [sequence, second])
      const tokens = Int32Array.of(...one.first, ...one.later)
      const shift = override.rows!.map((i) => (i < one.first.length ? i : i + one.later.length))
      const whole = program.submit([{ ...a, tokens }, b], { overrides: [{ ...override, rows: shift }] })
      const lastOf = (value: Tensor) => row(value, value.shape[0] - 1)
      expect(lastOf(await whole.read('logits', 0))).toEqual(lastOf(patched.get('later')!))
      const feed = { sequence: fork, tokens: Int32Array.from(one.later), logits: 'all' } as const
      expect((await run(program, [feed])).get('logits')).toEqual(clean.get('later'))
      for (const open of [sequence, second, fork]) open.close()
    }))

  it('takes any name, and numbers that the caller changes afterwards do not count', async () => {
    const tokens = Int32Array.of(3, 1, 4, 1, 5)
    const feed = (): Feed => ({ sequence: program.open(8), tokens, logits: 'last' })
    const [value] = [...(await capture(program, tokens, ['layers.0.attention'])).values()]
    const data = numbers(9, value.data.length)
    const patch = (node: string) =>
      ({ node, rows: Int32Array.of(0, 1, 2, 3, 4), value: { ...value, data } }) as Override
    const expected = await run(program, [feed()], { overrides: [patch('layers.0.attention')] })
    const passes = ['blocks.0.attn.hook_z', 'kqv_out-0'].map((node) => {
      const override = { ...patch(node), value: { ...value, data: data.slice() } as Tensor }
      const pass = program.submit([feed()], { overrides: [override] })
      override.value.data.fill(0 as never)
      override.rows!.fill(4)
      return pass
    })
    for (const pass of passes) expect(await pass.read('logits')).toEqual(expected.get('logits'))
  })

  it('of two overrides of a row the later one counts', async () => {
    const tokens = Int32Array.of(3, 1, 4)
    const patch = (seed: number, rows: number[]): Override => ({
      node: 'layers.0.hidden',
      rows: Int32Array.from(rows),
      value: { dtype: 'F64', shape: [rows.length, width], data: numbers(seed, rows.length * width) },
    })
    const width = (await capture(program, tokens, ['layers.0.hidden'])).get('layers.0.hidden')!.shape[1]
    const overrides = [patch(1, [0, 1]), patch(2, [1])]
    const found = (await capture(program, tokens, ['layers.0.hidden'], { overrides })).get('layers.0.hidden')!
    expect(row(found, 0)).toEqual(row(overrides[0].value, 0))
    expect(row(found, 1)).toEqual(row(overrides[1].value, 0))
  })

  it('of logits decides what is drawn', async () => {
    const sequence = program.open(4)
    const data = new Float64Array(97)
    data[42] = 1
    const overrides = [{ node: 'lm_head', value: { dtype: 'F64', shape: [1, 97], data } }] as const
    const feed = { sequence, tokens: Int32Array.of(1), logits: 'last' } as const
    const pass = program.submit([feed], { overrides, choose: 'greedy' })
    expect(await pass.drawn[0].token).toBe(42)
  })

  it.each([
    ['blocks.1.attn.hook_pattern', [1, 4], 'a pattern can be read, not replaced; replace "layers.1.attention"'],
    ['layers.2.query', [1, 4], 'override "layers.2.query" is beyond the model: it has 2 layers'],
    ['layers.1.quert', [1, 4], 'did you mean "layers.1.query"?'],
    ['embed_out', [1, 4], 'override "embed_out" is not an activation'],
    ['norm', [1, 32], 'override "norm": value [1, 32] has 4 elements of 32'],
    ['l_out-1', [1, 4], 'override "layers.1.mlp.residual": value is [1, 4], expected [1, 32]'],
  ])('%s %j is refused, and nothing moves', (node, shape, message) => {
    const sequence = program.open(4)
    const value: Tensor = { dtype: 'F64', shape, data: new Float64Array(4) }
    const feeds: Feed[] = [{ sequence, tokens: Int32Array.of(1), logits: 'last' }]
    expect(() => program.submit(feeds, { overrides: [{ node, value }] })).toThrow(message)
    expect(sequence.length).toBe(0)
  })
})
