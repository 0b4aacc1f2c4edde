import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { blobFolder, blobSource, type Folder } from './byte-source.ts'
import { openCheckpoint } from './checkpoint.ts'
import { decode, encode } from './dtype.ts'
import { strategies } from './fp8-layout.ts'
import { loadBare } from './load.ts'
import { quantize, type QuantizeOptions } from './quantize.ts'
import { safetensorsBytes } from './safetensors-writer.ts'
import { openSafetensors } from './safetensors.ts'
import { toBytes, type Tensor } from './tensor.ts'

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
function folder(rows: readonly number[], settings: object = {}, more: [string, Tensor][] = []) {
  const tensors = new Map<string, Tensor>()
  const matrix = (name: string, n: number) => tensors.set(name, encode('F32', [n, 4], new Float64Array(4 * n).fill(1)))
  for (const part of ['q', 'k', 'v', 'o']) matrix(`${layer}self_attn.${part}_proj.weight`, 4)
  for (const part of ['gate', 'up', 'down']) matrix(`${layer}mlp.${part}_proj.weight`, 4)
  for (const norm of [`${layer}input_layernorm`, `${layer}post_attention_layernorm`, 'model.norm']) {
    tensors.set(`${norm}.weight`, encode('F32', [4], [1, 1, 1, 1]))
  }
  matrix('model.embed_tokens.weight', 3)
  tensors.set(query, encode('F32', [4, 4], rows))
  for (const [name, value] of more) tensors.set(name, value)
  return model(tensors, { ...config, ...settings })
}

const gate = `${layer}mlp.gate_proj.weight`

/** A model of one layer around this gate projection, [129, 130]. */
function wide(weight: Tensor) {
  const [F, D] = weight.shape
  const shapes: Record<string, number[]> = { 'model.embed_tokens': [3, D], 'model.norm': [D] }
  for (const norm of ['input_layernorm', 'post_attention_layernorm']) shapes[layer + norm] = [D]
  for (const part of ['q', 'k', 'v']) shapes[`${layer}self_attn.${part}_proj`] = [2, D]
  Object.assign(shapes, { [`${layer}self_attn.o_proj`]: [D, 2], [`${layer}mlp.up_proj`]: [F, D] })
  shapes[`${layer}mlp.down_proj`] = [D, F]
  const ones = (shape: number[]) => encode('F32', shape, new Float64Array(shape.reduce((a, b) => a * b)).fill(1))
  const tensors = new Map<string, Tensor>(Object.entries(shapes).map(([name, s]) => [`${name}.weight`, ones(s)]))
  const sizes = { hidden_size: D, intermediate_size: F, num_attention_heads: 1, head_dim: 2 }
  return model(tensors.set(gate, weight), { ...config, ...sizes })
}

function model(tensors: ReadonlyMap<string, Tensor>, settings: object) {
  const files = new Map([
    ['config.json', new Blob([JSON.stringify(settings)])],
    ['model.safetensors', new Blob([safetensorsBytes(tensors) as Uint8Array<ArrayBuffer>])],
  ])
  return blobFolder(files, 'model')
}

async function quantized(source: Folder, options: QuantizeOptions = {}) {
  const files = new Map<string, Blob>()
  for await (const { name, chunks } of quantize(source, options)) {
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
    const checkpoint = await openCheckpoint(blobFolder(await quantized(folder(rows)), 'out'))
    const scales = decode(await checkpoint.read(`${query}_scale`))
    expect([...scales]).toEqual([1, 1, 2, 0.0089111328125])
    const codes = decode(await checkpoint.read(query))
    expect([...codes]).toEqual([448, -224, 1, 0, 0, 0, 0, 0, 448, 8, 10, -1, 112, 224, 352, 448])
    expect(checkpoint.tensors.get('model.norm.weight')!.dtype).toBe('BF16')
  })

  test('shards stay below the limit and the config comes last', async () => {
    const limit = 1000
    const files = await quantized(folder(rows), { shardSize: limit })
    const shards = [...files].filter(([name]) => name.startsWith('model-'))
    expect(shards.length).toBeGreaterThan(1)
    for (const [, { size }] of shards) expect(size).toBeLessThanOrEqual(limit)
    expect([...files.keys()].at(-1)).toBe('config.json')
  })

  test.each([NaN, Infinity])('%s is refused by the name of its tensor', async (bad) => {
    await expect(quantized(folder(rows.with(5, bad)))).rejects.toThrow(`"${query}"`)
  })

  test('a quantised model is refused', async () => {
    const settings = { quantization_config: { quant_method: 'fp8' } }
    await expect(quantized(folder(rows, settings))).rejects.toThrow('not quantised')
  })

  test.each(['tokenizer.json', 'tekken.json', 'tokenizer.model', 'tokenizer.model.v3', 'chat_template.jinja'])(
    '%s goes along, byte for byte',
    async (name) => {
      const { open, has, ...source } = folder(rows)
      const file = blobFolder(new Map([[name, new Blob(['text'])]]), 'model')
      const both: Folder = {
        ...source,
        open: (path) => (path === name ? file : { open }).open(path),
        has: async (path) => path === name || has(path),
      }
      expect(await (await quantized(both)).get(name)?.text()).toBe('text')
    },
  )

  test('of a tied model it keeps an lm_head exactly where the logits come from it', async () => {
    const source = folder(rows, {}, [['lm_head.weight', encode('F32', [3, 4], new Float64Array(12))]])
    const { tensors } = await openCheckpoint(blobFolder(await quantized(source), 'out'))
    const { weights } = await loadBare(source)
    expect(tensors.has('lm_head.weight')).toBe(weights.specs.has('logits.weight'))
  })
})

// Expected bytes: PyTorch and ml_dtypes, conformance/goldens/quantize/make.py.
describe.each(strategies)('by %s', (strategy) => {
  const golden = () => {
    const file = readFileSync(new URL('../../../conformance/goldens/quantize/quantize.safetensors', import.meta.url))
    return openSafetensors(blobSource(new Blob([file as Uint8Array<ArrayBuffer>]), 'quantize.safetensors'))
  }

  test('codes and scales are those of PyTorch, to the last and smallest block', async () => {
    const expected = await golden()
    const files = await quantized(wide(await expected.read('weight')), { strategy })
    const found = await openCheckpoint(blobFolder(files, 'out'))
    for (const [part, name] of [
      ['scales', `${gate}_scale`],
      ['codes', gate],
    ]) {
      const [a, b] = [await found.read(name), await expected.read(`${strategy}.${part}`)]
      expect([a.dtype, a.shape]).toEqual([b.dtype, b.shape])
      expect(Buffer.compare(toBytes(a), toBytes(b)), part).toBe(0)
    }
  })

  test('the folder says so, and is read as it says', async () => {
    const files = await quantized(wide(await (await golden()).read('weight')), { strategy })
    const { config, weights } = await loadBare(blobFolder(files, 'out'))
    const { config_groups } = config.quantization as { config_groups: { group_0: { weights: object } } }
    const block = strategy === 'block' ? [128, 128] : null
    expect(config_groups.group_0.weights).toMatchObject({ strategy, block_structure: block })
    const shape = { tensor: [1], channel: [129], block: [2, 2] }[strategy]
    expect(weights.specs.get('layers.0.gate.scale')).toEqual({ dtype: 'BF16', shape })
  })
})
