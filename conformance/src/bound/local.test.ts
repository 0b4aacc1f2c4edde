import { encode, reference } from '@tramontane/core'
import { describe, expect, it } from 'vitest'
import { tiny, withModel, type Fixture } from '../case.ts'
import { assertWithin, captureAll, checkNode, localBounds, precisions, type Captures } from './index.ts'

const subject = { backend: reference(), precision: precisions.f64 }
const withFp8 = (body: (fixture: Fixture) => Promise<void>): Promise<void> => withModel(subject, tiny('fp8'), body)

/** Captures with one element of a node changed. */
function changed(captures: Captures, node: string, index: number, by: number): Captures {
  const value = captures.values.get(node)!
  const data = (value.data as Float64Array).slice()
  data[index] += by
  return { ...captures, values: new Map(captures.values).set(node, encode('F64', value.shape, data)) }
}

describe('local bounds', () => {
  it('are the same for one pass and for chunks, patterns included', () =>
    withFp8(async ({ program, graph, tokens }) => {
      const whole = await captureAll(program, graph, tokens)
      const parts = await captureAll(program, graph, tokens, [4, 1, tokens.length - 5])
      expect(parts).toEqual(whole)
    }))

  it.each([
    'layers.0.query',
    'layers.1.attention',
    'layers.1.attention.pattern',
    'layers.0.hidden',
    'norm',
    'embedding',
  ])('name %s, the node that is wrong, its row and its column', (node) =>
    withFp8(async ({ program, graph, weights, tokens }) => {
      const whole = await captureAll(program, graph, tokens)
      const columns = whole.values.get(node)!.shape.at(-1)!
      // Readers of the changed value are judged by what they were given, and are wrong too; the first one named is the node.
      const wrong = changed(whole, node, 2 * columns + 1, 1e-9)
      const verdicts = await localBounds(graph, weights, wrong, precisions.f64)
      expect(() => assertWithin(verdicts)).toThrow(new RegExp(`^${node}: (head 0, )?row 2, column 1: `))
    }),
  )

  it('judge a node alone', () =>
    withFp8(async ({ program, graph, weights, tokens }) => {
      const whole = await captureAll(program, graph, tokens)
      const node = graph.nodes.find(({ name }) => name === 'layers.0.attention')!
      const verdicts = await checkNode(node, weights, whole, precisions.f64)
      expect(verdicts.map((verdict) => verdict.node)).toEqual(['layers.0.attention.pattern', 'layers.0.attention'])
      for (const { ratio } of verdicts) expect(ratio).toBeLessThan(1)
    }))

  it('refuse to judge what was not captured', () =>
    withFp8(async ({ program, graph, weights, tokens }) => {
      const whole = await captureAll(program, graph, tokens)
      const values = new Map(whole.values)
      values.delete('layers.0.key.rope')
      await expect(localBounds(graph, weights, { ...whole, values }, precisions.f64)).rejects.toThrow(
        'captures: no value of "layers.0.key.rope"',
      )
    }))
})
