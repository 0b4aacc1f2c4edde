import { encode } from '@tramontane/core'
import { describe, expect, it } from 'vitest'
import { openGolden } from '../goldens.ts'
import { goldens, openNoise } from '../noise-floors.ts'
import { decidable, endToEnd, endToEndBound, logitBound, precisions } from './index.ts'

describe('noise floors', () => {
  it.each(goldens)('%s: of the precisions that are declared here, for every node', async (golden) => {
    const { profiles, trials } = await openNoise(golden)
    expect(trials).toBeGreaterThanOrEqual(golden.startsWith('tiny/') ? 200 : golden === 'smollm2/long' ? 1 : 8)
    for (const { name, unit, exp, divide, inverseSqrt, operand } of [
      precisions.f32,
      precisions.webgpu,
      precisions.bf16,
    ]) {
      expect(profiles[name as 'f32']).toMatchObject({
        precision: { unit, exp: [exp.constant, exp.perUnit], divide, inverseSqrt, operand: operand && operand.unit },
      })
    }
    const file = await openGolden(golden.startsWith('tiny/') ? `${golden}/golden.safetensors` : `${golden}.safetensors`)
    const nodes = golden.startsWith('tiny/')
      ? [...file.tensors.keys()].filter((name) => name !== 'tokens' && name !== 'embedding')
      : ['logits']
    await file.close()
    for (const { nodes: floors } of Object.values(profiles)) expect(Object.keys(floors).sort()).toEqual(nodes.sort())
  })

  it('are four times allowed; doubles have [reference.2]; a node without one is refused', async () => {
    const noise = await openNoise('tiny/full')
    const floor = noise.profiles.webgpu.nodes['logits']
    expect(endToEndBound(noise, precisions.webgpu, 'logits')).toBe(4 * floor)
    expect(endToEndBound(noise, precisions.f64, 'logits')).toBe(1e-11)
    expect(() => endToEndBound(noise, precisions.f32, 'selected')).toThrow('none of f32 for "selected"')
  })
})

describe('end to end', () => {
  it('measures by the norm of the row', () => {
    const expected = encode('F64', [2, 2], [3, 4, 30, 40])
    const found = encode('F64', [2, 2], [3, 4.5, 30.5, 40])
    expect(endToEnd('logits', found, expected, 0.05)).toMatchObject({ ratio: 2, index: [0, 1], bound: 0.25 })
    expect(endToEnd('logits', found, expected, 0.1)).toMatchObject({ ratio: 1, index: [0, 1] })
  })
})

describe('decidable', () => {
  it('where the two largest logits are further apart than twice the bound', () => {
    const row = Float64Array.of(-3, 1, 2, 0.5)
    expect(decidable(row, 0.49)).toBe(true)
    expect(decidable(row, 0.5)).toBe(false)
    expect(decidable(Float64Array.of(2, 2, 1), 0)).toBe(false)
    expect(decidable(Float64Array.of(5, 4), 0.4)).toBe(true)
  })

  it('by a bound in the units of the logits', () => {
    expect(logitBound(Float64Array.of(3, 4), 0.1)).toBeCloseTo(0.5, 15)
  })
})
