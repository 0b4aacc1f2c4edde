import { reference, run, type Override, type Program, type Safetensors, type Tensor } from '@tramontane/core'
import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { goldenPath, openGolden, openModel, rowError } from './goldens.ts'

/** Two double-precision computations that sum in different orders; see docs/spec.md [reference]. */
const bound = 1e-11

interface Case {
  readonly name: string
  readonly overrides: readonly { readonly node: string; readonly rows: readonly number[] | null }[]
}

const cases: readonly Case[] = JSON.parse(readFileSync(goldenPath('patching/cases.json'), 'utf8'))
const nodes = cases.flatMap(({ overrides }) => overrides.map(({ node }) => node))

let program: Program
let golden: Safetensors
let tokens: Int32Array
beforeAll(async () => {
  const { graph, weights, close } = await openModel(goldenPath('tiny/full'))
  program = await reference().load(graph, weights)
  golden = await openGolden('patching/golden.safetensors')
  const clean = await openGolden('tiny/full/golden.safetensors')
  tokens = (await clean.read('tokens')).data as Int32Array
  await Promise.all([close(), clean.close()])
})
afterAll(() => golden.close())

async function overridesOf({ name, overrides }: Case): Promise<Override[]> {
  const values = await Promise.all(overrides.map((_, i) => golden.read(`${name}.${i}`)))
  return overrides.map(({ node, rows }, i) => ({
    node,
    value: values[i],
    ...(rows && { rows: Int32Array.from(rows) }),
  }))
}

const logitsOf = async (text: Int32Array, overrides: readonly Override[], sequence = program.open(16)) =>
  (await run(program, [{ sequence, tokens: text, logits: 'all' }], { overrides })).get('logits')!

const rowsFrom = ({ dtype, shape: [rows, V], data }: Tensor, from: number): Tensor => ({
  dtype,
  shape: [rows - from, V],
  data: data.slice(from * V),
})

describe('overrides do what forward hooks of transformers do, in float64', () => {
  it('are of every kind that a module can replace', () => {
    expect(new Set(nodes).size).toBe(7)
  })

  it.each(cases)('$name', async (testCase) => {
    const expected = await golden.read(`${testCase.name}.logits`)
    expect(rowError(await logitsOf(tokens, []), expected)).toBeGreaterThan(1e-2)
    expect(rowError(await logitsOf(tokens, await overridesOf(testCase)), expected)).toBeLessThan(bound)
  })

  it.each(['key', 'residual'])('%s: what is fed later reads the cache that the override changed', async (name) => {
    const expected = await golden.read(`${name}.logits`)
    const overrides = await overridesOf(cases.find((one) => one.name === name)!)
    const first = name === 'key' ? 3 : 10
    const sequence = program.open(16)
    const clean = sequence.fork()
    await logitsOf(tokens.subarray(0, first), overrides, sequence)
    const later = await logitsOf(tokens.subarray(first), [], sequence)
    expect(rowError(later, rowsFrom(expected, first))).toBeLessThan(bound)
    const whole = await logitsOf(tokens, [])
    expect((await logitsOf(tokens, [], clean)).data).toEqual(whole.data)
  })
})
