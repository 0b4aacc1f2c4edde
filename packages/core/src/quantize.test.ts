import { describe, expect, test } from 'vitest'
import { blobFolder } from './byte-source.ts'
import { openCheckpoint } from './checkpoint.ts'
import { decode, encode } from './dtype.ts'
import { quantize } from './quantize.ts'
import { safetensorsBytes } from './safetensors-writer.ts'
import type { Tensor } from './tensor.ts'

const config = {
  architectures: ['LlamaForCausalLM'],
  hidden_size: 4,
  intermediate_size: 4,
  num_hidden_layers: 1,
  num_attention_heads: 2,
  vocab_size: 3,
  tie_word_embeddings: true,
}
const layer = 'model.layers.0.'
const query = `${layer}self_attn.q_proj.weight`

/** A model whose query projection holds these four rows of four. */
function folder(rows: readonly number[], settings: object = {}) {
  const tensors = new Map<string, Tensor>()
  const matrix = (name: string, n: number) => tensors.set(name, encode('F32', [n, 4], new Float64Array(4 * n).fill(1)))
  for (const part of ['q', 'k', 'v', 'o']) matrix(`${layer}self_attn.${part}_proj.weight`, 4)
  for (const part of ['gate', 'up', 'down']) matrix(`${layer}mlp.${part}_proj.weight`, 4)
  for (const norm of [`${layer}input_layernorm`, `${layer}post_attention_layernorm`, 'model.norm']) {
    tensors.set(`${norm}.weight`, encode('F32', [4], [1, 1, 1, 1]))
  }
  matrix('model.embed_tokens.weight', 3)
  tensors.set(query, encode('F32', [4, 4], rows))
  const files = new Map([
    ['config.json', new Blob([JSON.stringify({ ...config, ...settings })])],
    ['model.safetensors', new Blob([safetensorsBytes(tensors) as Uint8Array<ArrayBuffer>])],
  ])
  return blobFolder(files, 'model')
}

async function quantized(source: ReturnType<typeof folder>, shardSize: number) {
  const files = new Map<string, Blob>()
  for await (const { name, chunks } of quantize(source, { shardSize })) {
    const parts: Uint8Array<ArrayBuffer>[] = []
    for await (const part of chunks) parts.push(part.slice() as Uint8Array<ArrayBuffer>)
    files.set(name, new Blob(parts))
  }
  return files
}

const rows = [448, -224, 1, 0, 0, 0, 0, 0, 896, 17, 19, -2, 1, 2, 3, 4]

describe('quantize', () => {
  // PyTorch 2: s = (w.abs().amax(1) / 448).to(bfloat16); (w / s).clamp(-448, 448).to(float8_e4m3fn). The scale of the last
  // row is 0.008911 in BF16, 4 / that is 448.88, which saturates.
  test('scales are amax / 448 in BF16 and codes the nearest E4M3', async () => {
    const checkpoint = await openCheckpoint(blobFolder(await quantized(folder(rows), 50e6), 'out'))
    const scales = decode(await checkpoint.read(`${query}_scale`))
    expect([...scales]).toEqual([1, 1, 2, 0.0089111328125])
    const codes = decode(await checkpoint.read(query))
    expect([...codes]).toEqual([448, -224, 1, 0, 0, 0, 0, 0, 448, 8, 10, -1, 112, 224, 352, 448])
    expect(checkpoint.tensors.get('model.norm.weight')!.dtype).toBe('BF16')
  })

  test('shards stay below the limit and the config comes last', async () => {
    const limit = 1000
    const files = await quantized(folder(rows), limit)
    const shards = [...files].filter(([name]) => name.startsWith('model-'))
    expect(shards.length).toBeGreaterThan(1)
    for (const [, { size }] of shards) expect(size).toBeLessThanOrEqual(limit)
    expect([...files.keys()].at(-1)).toBe('config.json')
  })

  test.each([NaN, Infinity])('%s is refused by the name of its tensor', async (bad) => {
    await expect(quantized(folder(rows.with(5, bad)), 50e6)).rejects.toThrow(`"${query}"`)
  })

  test('a quantised model is refused', async () => {
    const settings = { quantization_config: { quant_method: 'fp8' } }
    await expect(quantized(folder(rows, settings), 50e6)).rejects.toThrow('not quantised')
  })
})
