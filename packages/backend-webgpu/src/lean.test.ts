import {
  mistral,
  readConfig,
  tensor,
  type Program,
  type Sequence,
  type Spec,
  type WeightSource,
} from '@tramontane/core'
import { beforeAll, describe, expect, it } from 'vitest'
import { countingDevice, type CountingDevice } from './lean.fixture.ts'
import { useSoftwareAdapter } from './software.fixture.ts'
import { webgpu } from './webgpu.ts'

const [layers, D, F, V] = [32, 64, 128, 128]
/** Of the codes of all linears. */
const codeBytes = layers * (D * 128 + D * D + 3 * D * F) + V * D

/** 32 layers as those of Mistral 7B, but narrow: 2 heads of 32, one KV head. */
function narrow(): { readonly config: string; readonly source: WeightSource } {
  const config = { architectures: ['MistralForCausalLM'], hidden_size: D, intermediate_size: F, vocab_size: V }
  const heads = { num_hidden_layers: layers, num_attention_heads: 2, num_key_value_heads: 1, head_dim: 32 }
  const specs = new Map<string, Spec>()
  const codes = (name: string, N: number, K: number): void => {
    specs.set(`${name}.weight`, { dtype: 'F8_E4M3', shape: [N, K] })
    specs.set(`${name}.scale`, { dtype: 'F32', shape: [1] })
  }
  specs.set('embedding.weight', { dtype: 'BF16', shape: [V, D] })
  for (let layer = 0; layer < layers; layer++) {
    for (const [name, N, K] of [
      ['query', 64, D],
      ['key', 32, D],
      ['value', 32, D],
      ['output', D, 64],
      ['gate', F, D],
      ['up', F, D],
      ['down', D, F],
    ] as const) {
      codes(`layers.${layer}.${name}`, N, K)
    }
    for (const norm of ['attention.norm', 'mlp.norm'])
      specs.set(`layers.${layer}.${norm}.weight`, { dtype: 'F32', shape: [D] })
  }
  specs.set('norm.weight', { dtype: 'F32', shape: [D] })
  codes('logits', V, D)
  const read = async (name: string) => {
    const { dtype, shape } = specs.get(name)!
    const length = shape.reduce((a, b) => a * b)
    if (dtype === 'F8_E4M3')
      return tensor(
        dtype,
        shape,
        Uint8Array.from({ length }, (_, i) => (37 * i) % 0x70),
      )
    if (dtype === 'F32') return tensor(dtype, shape, new Float32Array(length).fill(shape.length === 1 ? 0.01 : 1))
    return tensor('BF16', shape, new Uint16Array(length).fill(0x3c00))
  }
  return { config: JSON.stringify({ ...config, ...heads }), source: { specs, read } }
}

let counting: CountingDevice
let program: Program
let sequence: Sequence

/** One step of some sequences, whose tokens the device draws. */
async function step(sequences: readonly Sequence[]): Promise<void> {
  const feeds = sequences.map((sequence) => ({ sequence, tokens: Int32Array.of(1), logits: 'last' as const }))
  await program.submit(feeds, { choose: 'greedy', outputs: [] }).done
}

async function filled(tokens: number): Promise<Sequence> {
  const sequence = program.open(1000)
  await program.submit([{ sequence, tokens: new Int32Array(tokens).fill(1), logits: 'none' }], { outputs: [] }).done
  return sequence
}

beforeAll(async () => {
  useSoftwareAdapter()
  counting = await countingDevice()
  const { config, source } = narrow()
  program = await (await webgpu(counting.device)).load(mistral(readConfig(config), source.specs), source)
  sequence = await filled(20)
  await step([sequence])
})

describe('a decoded token of a model of 32 layers', () => {
  it('takes at most 200 dispatches and one submission, and makes nothing on the device', async () => {
    counting.reset()
    await step([sequence])
    expect(counting.counts).toEqual({ dispatches: 164, submissions: 1, buffers: 0, bindGroups: 0, pipelines: 0 })
  })

  it('takes at most 200 dispatches where keys are many, and are split', async () => {
    const long = await filled(230)
    await step([long])
    counting.reset()
    await step([long])
    expect(counting.counts.dispatches).toBe(196)
    long.close()
  })

  it('reads at most 1.02 times the bytes of the weights', async () => {
    await counting.loadedBytes()
    await step([sequence])
    const read = await counting.loadedBytes()
    expect(read).toBeGreaterThanOrEqual(codeBytes)
    expect(read).toBeLessThanOrEqual(1.02 * codeBytes)
  })

  it('is one of eight that together read at most 1.1 times the bytes of the weights', async () => {
    const all = [sequence, ...(await Promise.all(Array.from({ length: 7 }, () => filled(3))))]
    await counting.loadedBytes()
    await step(all)
    const read = await counting.loadedBytes()
    expect(read).toBeGreaterThanOrEqual(codeBytes)
    expect(read).toBeLessThanOrEqual(1.1 * codeBytes)
  })
})

it('a hundred steps make no buffer but twice as many pages when these run out', async () => {
  const long = await filled(30)
  await step([long])
  counting.reset()
  for (let i = 0; i < 100; i++) await step([long])
  expect(counting.counts.buffers % (2 * layers)).toBe(0)
  expect(counting.counts.buffers).toBeLessThanOrEqual(2 * 2 * layers)
})
