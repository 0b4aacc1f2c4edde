import { reference, run, type Program } from '@tramontane/core'
import { beforeAll, describe, expect, it } from 'vitest'
import { precisions } from './bound/index.ts'
import { openGolden } from './goldens.ts'
import { judgeText, loadSmollm2 } from './smollm2-goldens.ts'

describe('the reference on SmolLM2, against transformers in float64', () => {
  let program: Program
  beforeAll(async () => {
    program = await loadSmollm2(reference())
  })

  it.each(['english', 'code', 'script'])('%s: logits, top 32, log-sum-exp and every choice', async (text) => {
    const { positions, decidable } = await judgeText(program, text, precisions.f64)
    expect(positions).toBeGreaterThan(8)
    expect(decidable).toBe(positions)
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

describe('two layers of SmolLM2 at 600 positions', () => {
  it('logits, top 32 and log-sum-exp at every 16th', async () => {
    const program = await loadSmollm2(reference(), 2)
    expect(await judgeText(program, 'long-two-layers', precisions.f64, 16)).toEqual({ positions: 39, decidable: 39 })
  })
})
