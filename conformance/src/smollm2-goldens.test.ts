import { decode, reference, run, type Program, type Tensor } from '@tramontane/core'
import { fileURLToPath } from 'node:url'
import { beforeAll, describe, expect, it } from 'vitest'
import { openGolden, openModel, rowError } from './goldens.ts'

/** As for the tiny models: two double-precision computations that sum in different orders. */
const bound = 1e-11
const directory = fileURLToPath(new URL('../../models/smollm2-135m-instruct-fp8', import.meta.url))

describe('the reference on SmolLM2, against transformers in float64', () => {
  let program: Program
  beforeAll(async () => {
    const { graph, weights, close } = await openModel(directory)
    program = await reference().load(graph, weights)
    await close()
  })

  it.each(['english', 'code', 'script'])('%s: logits, top 32 and log-sum-exp', async (text) => {
    const golden = await openGolden(`smollm2/${text}.safetensors`)
    const read = async (name: string) => (await golden.read(name)).data
    const tokens = (await read('tokens')) as Int32Array
    const logits = (await run(program, [{ sequence: program.open(64), tokens, logits: 'all' }])).get('logits')!
    const expected = await golden.read('logits')
    const positions = (await read('positions')) as Int32Array
    expect(rowError(rows(logits, positions), expected)).toBeLessThan(bound)

    const values = decode(logits)
    const [top, topLogits, sums] = [await read('top.ids'), await read('top.logits'), await read('logsumexp')]
    const V = logits.shape[1]
    for (let t = 0; t < tokens.length; t++) {
      const row = values.subarray(t * V, (t + 1) * V)
      const norm = Math.sqrt(row.reduce((total, x) => total + x * x, 0))
      expect(row.indexOf(row.reduce((a, b) => Math.max(a, b)))).toBe(Number(top[t * 32]))
      for (let k = t * 32; k < (t + 1) * 32; k++) {
        expect(Math.abs(row[Number(top[k])] - Number(topLogits[k]))).toBeLessThan(bound * norm)
      }
      const sum = Math.log(row.reduce((total, x) => total + Math.exp(x), 0))
      expect(Math.abs(sum - Number(sums[t]))).toBeLessThan(bound * norm)
    }
    await golden.close()
  })

  it('gives the same bits in chunks, token by token, beside others and after truncate and fork', async () => {
    const golden = await openGolden('smollm2/english.safetensors')
    const tokens = ((await golden.read('tokens')).data as Int32Array).slice(0, 32)
    await golden.close()
    const whole = program.open(64)
    const [alone] = [...(await run(program, [{ sequence: whole, tokens, logits: 'all' }])).values()]
    const other = whole.fork()
    other.truncate(11)
    const stepped = program.open(64)
    for (let t = 0; t < 11; t++)
      program.submit([{ sequence: stepped, tokens: tokens.subarray(t, t + 1), logits: 'none' }])
    const pass = program.submit([
      { sequence: program.open(64), tokens: tokens.subarray(0, 20), logits: 'all' },
      { sequence: other, tokens: tokens.subarray(11), logits: 'all' },
      { sequence: stepped, tokens: tokens.subarray(11, 12), logits: 'all' },
    ])
    const V = alone.shape[1]
    const expected = (from: number, to: number) => (alone.data as Float64Array).slice(from * V, to * V)
    expect((await pass.read('logits', 0)).data).toEqual(expected(0, 20))
    expect((await pass.read('logits', 1)).data).toEqual(expected(11, 32))
    expect((await pass.read('logits', 2)).data).toEqual(expected(11, 12))
  })
})

function rows({ dtype, shape: [, V], data }: Tensor, positions: Int32Array): Tensor {
  const picked = new Float64Array(positions.length * V)
  positions.forEach((t, i) => picked.set((data as Float64Array).subarray(t * V, (t + 1) * V), i * V))
  return { dtype, shape: [positions.length, V], data: picked }
}
