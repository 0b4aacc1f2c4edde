import { reference, type Backend, type Pass, type Tensor } from '@tramontane/core'
import { expect, it } from 'vitest'
import { backendCases } from './backend-cases.ts'
import { precisions } from './bound/index.ts'

/** What comes back instead of a value. */
const broken: readonly (readonly [string, (value: Tensor) => unknown])[] = [
  ['nothing', () => undefined],
  ['no rows', (value) => ({ ...value, shape: [0, value.shape.at(-1)!], data: value.data.slice(0, 0) })],
  ['the shape alone', (value) => ({ ...value, data: value.data.slice(0, 0) })],
  ['half of the numbers', (value) => ({ ...value, data: value.data.slice(value.data.length / 2) })],
  ['one number more', (value) => ({ ...value, data: Float64Array.of(...(value.data as Float64Array), 0) })],
  ['no shape', (value) => ({ ...value, shape: [value.data.length] })],
  ['another number format', (value) => ({ ...value, dtype: 'F16' })],
  ['infinity', (value) => ({ ...value, data: new Float64Array(value.data.length).fill(Infinity) })],
  ['NaN', (value) => ({ ...value, data: new Float64Array(value.data.length).fill(NaN) })],
]

/** The reference, with what it gives changed when it is read. */
function breaking(change: (value: Tensor, name: string) => unknown): Backend {
  const inner = reference()
  return {
    ...inner,
    async load(graph, weights, options) {
      const program = await inner.load(graph, weights, options)
      const changed = (pass: Pass): Pass => ({
        drawn: pass.drawn,
        candidates: (feed) => pass.candidates(feed),
        done: pass.done,
        read: async (name, feed) => change(await pass.read(name, feed), name) as Tensor,
      })
      return {
        graph: program.graph,
        open: (capacity) => program.open(capacity),
        submit: (feeds, options) => changed(program.submit(feeds, options)),
        usage: () => program.usage(),
        dispose: () => program.dispose(),
      }
    },
  }
}

/** Nothing is read in these. */
const unread = ['bad feeds are refused at submit, and nothing moves', 'memory: closing sequences gives the cache back']
const cases = backendCases.filter(({ name }) => !/tiny\/(fp8-|gqa|rope|llama|native|window-)/.test(name))

it.each(broken)('a backend that gives %s fails every shared case that reads', async (_, change) => {
  const passed = []
  for (const { name, run } of cases) {
    const failure = await run({ backend: breaking(change), precision: precisions.f64 }).then(
      () => false,
      () => true,
    )
    if (!failure) passed.push(name)
  }
  expect(passed).toEqual(unread)
})

it('a pattern of a chunk with a key too many fails', async () => {
  const wide = breaking((value, name) => {
    const [H, T, S] = value.shape
    if (!name.endsWith('.pattern') || S !== 6) return value
    const data = Float64Array.from({ length: H * T * 7 }, (_, i) =>
      Number(i % 7 === 6 || value.data[i - Math.floor(i / 7)]),
    )
    return { ...value, shape: [H, T, 7], data }
  })
  const chunked = cases.find(({ name }) => name.endsWith('tiny/full, fed in chunks and steps'))!
  await expect(chunked.run({ backend: wide, precision: precisions.f64 })).rejects.toThrow(
    'layers.0.attention.pattern: found [4, 6, 7], expected [4, 6, 6]',
  )
})
