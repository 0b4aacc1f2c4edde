import { reference, run, type Program } from '@tramontane/core'
import { beforeAll, describe, expect, it } from 'vitest'
import { openGolden } from './goldens.ts'
import { loadSmollm2, textErrors } from './smollm2-goldens.ts'

/** [reference.2] */
const bound = 1e-11

describe('the reference on SmolLM2, against transformers in float64', () => {
  let program: Program
  beforeAll(async () => {
    program = await loadSmollm2(reference())
  })

  it.each(['english', 'code', 'script'])('%s: logits, top 32 and log-sum-exp', async (text) => {
    for (const [what, error] of await textErrors(program, text)) expect(error, what).toBeLessThanOrEqual(bound)
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
    const errors = await textErrors(program, 'long-two-layers', 16)
    for (const [what, error] of errors) expect(error, what).toBeLessThanOrEqual(bound)
  })
})
