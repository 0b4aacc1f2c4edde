import { reference, run, type Program, type Tensor } from '@tramontane/core'
import { describe, expect, it } from 'vitest'
import { readable, tinyDifference } from './golden-differences.ts'
import { goldenPath, openGolden, openModel, part, rowError, tinyGoldens, type TinyGolden } from './goldens.ts'

/** [reference.2] */
const bound = 1e-11

describe('the measure of a difference', () => {
  const matrix = (...data: number[]): Tensor => ({ dtype: 'F64', shape: [2, 2], data: Float64Array.from(data) })
  it('is the largest of all rows, each by its own norm', () => {
    expect(rowError(matrix(3, 5, 300, 400), matrix(3, 4, 300, 410))).toBe(1 / 5)
    expect(rowError(matrix(3, 4, 300, 500), matrix(3, 4, 300, 400))).toBe(1 / 5)
  })
  it('is infinite for what is not finite, and where zeros were expected', () => {
    expect(rowError(matrix(NaN, 4, 1, 1), matrix(3, 4, 1, 1))).toBe(Infinity)
    expect(rowError(matrix(1, 1, 3, NaN), matrix(1, 1, 3, 4))).toBe(Infinity)
    expect(rowError(matrix(Infinity, 4, 1, 1), matrix(Infinity, 4, 1, 1))).toBe(Infinity)
    expect(rowError(matrix(1, 1, 0, 1), matrix(1, 1, 0, 0))).toBe(Infinity)
  })
})

describe('the reference on every tiny golden, every activation [reference.2]', () => {
  it.each(tinyGoldens)('$name', async (golden) => {
    expect((await tinyDifference(reference(), golden)).error).toBeLessThanOrEqual(bound)
  })
})

async function open({ name, golden }: TinyGolden): Promise<{ program: Program; tokens: Int32Array }> {
  const { graph, weights, close } = await openModel(goldenPath(`tiny/${name}`))
  const program = await reference().load(graph, weights)
  await close()
  const file = await openGolden(`tiny/${golden}/golden.safetensors`)
  const tokens = (await file.read('tokens')).data as Int32Array
  await file.close()
  return { program, tokens }
}

async function logits(golden: TinyGolden): Promise<Tensor> {
  const { program, tokens } = await open(golden)
  return (await run(program, [{ sequence: program.open(64), tokens, logits: 'all' }])).get('logits')!
}

describe('layouts of the same numbers give the same logits, bit for bit [fp8.2]', () => {
  const spellings = tinyGoldens.filter(({ name, golden }) => name !== golden)
  it.each(spellings)('$name as $golden', async (spelling) => {
    const first = tinyGoldens.find(({ name }) => name === spelling.golden)!
    expect((await logits(spelling)).data).toEqual((await logits(first)).data)
  })
})

describe('windows where they begin to matter [attention.window]', () => {
  const cases = tinyGoldens.flatMap((golden) => (golden.lengths ?? []).map((length) => ({ ...golden, length })))
  it.each(cases)('$name, $length tokens at once, in chunks and one by one', async ({ length, ...golden }) => {
    const { program, tokens } = await open(golden)
    const file = await openGolden(`tiny/${golden.golden}/golden.safetensors`)
    for (const chunk of [length, 2, 1]) {
      const sequence = program.open(64)
      for (let from = 0; from < length; from += chunk) {
        const some = tokens.subarray(from, Math.min(from + chunk, length))
        const outputs = readable(program.graph)
        const values = await run(program, [{ sequence, tokens: some, logits: 'all' }], { outputs })
        for (const [name, found] of values) {
          const expected = part(await file.read(name), from, from + some.length)
          expect(rowError(found, expected), `${name} from ${from} by ${chunk}`).toBeLessThanOrEqual(bound)
        }
      }
      sequence.close()
    }
    await file.close()
  })
})
