import { describe, expect, test } from 'vitest'
import { InputError, UnsupportedError } from './errors.ts'
import { readParams } from './params.ts'

// As published with v0.1 (quoted in ggml-org/llama.cpp#3362).
const first = {
  dim: 4096,
  n_layers: 32,
  head_dim: 128,
  hidden_dim: 14336,
  n_heads: 32,
  n_kv_heads: 8,
  norm_eps: 1e-5,
  sliding_window: 4096,
  vocab_size: 32000,
}
const later = { ...first, sliding_window: undefined }
const read = (json: object) => readParams(JSON.stringify(json), 'm/params.json')

test('v0.1', () => {
  expect(read(first)).toEqual({
    architecture: 'MistralForCausalLM',
    layers: 32,
    width: 4096,
    heads: 32,
    kvHeads: 8,
    headDim: 128,
    hidden: 14336,
    vocabulary: 32000,
    context: 128000,
    normEpsilon: 1e-5,
    window: 4096,
    ropeTheta: 10000,
    ropeScaling: { type: 'default' },
    tied: false,
    attentionBias: false,
    mlpBias: false,
    begin: 1,
    end: [2],
    quantization: null,
  })
})

test.each<[string, object, object]>([
  ['no window, no theta', later, { window: null, ropeTheta: 1e6 }],
  ['a theta', { ...first, rope_theta: 1e8 }, { window: 4096, ropeTheta: 1e8 }],
  ['a window of null', { ...first, sliding_window: null }, { window: null, ropeTheta: 1e6 }],
  ['windows alike', { ...first, sliding_window: [9, 9] }, { window: 9 }],
  ['windows of null', { ...first, sliding_window: [null, null] }, { window: null }],
  ['no windows', { ...first, sliding_window: [] }, { window: null }],
  ['positions', { ...first, max_position_embeddings: 7, max_seq_len: 5 }, { context: 7 }],
  ['a length', { ...first, max_seq_len: 5 }, { context: 5 }],
  ['tied', { ...first, tied_embeddings: true }, { tied: true }],
  ['what says what is so', { ...first, model_type: 'transformer', activation: 'silu', causal: true }, {}],
  ['what says nothing', { ...first, moe: null, use_biases: false, max_batch_size: 0, dtype: 'bfloat16' }, {}],
  ['quantisation', { ...first, quantization: { qformat_weight: 'x' } }, { quantization: { qformat_weight: 'x' } }],
])('%s', (_, json, expected) => {
  expect(read(json)).toMatchObject(expected)
})

describe('settings that are not known', () => {
  test.each<[object, string]>([
    [{ moe: { num_experts: 8 } }, 'unknown setting "moe" = {"num_experts":8} may change the numbers'],
    [{ vision_encoder: {} }, 'unknown setting "vision_encoder"'],
    [{ yarn: { factor: 16 } }, 'unknown setting "yarn"'],
    [{ llama_4_scaling: {} }, 'unknown setting "llama_4_scaling"'],
    [{ lora: {} }, 'unknown setting "lora"'],
    [{ use_biases: true }, 'unknown setting "use_biases" = true'],
    [{ model_type: 'mamba' }, 'model_type is "mamba", expected "transformer"'],
    [{ activation: 'gelu' }, 'activation is "gelu", expected "silu"'],
    [{ causal: false }, 'causal is false, expected true'],
    [{ sliding_window: [null, 32768, 32768, 32768] }, 'sliding_window is [null,32768,32768,32768], expected the same'],
    [{ sliding_window: [8, null] }, 'sliding_window is [8,null], expected the same for all layers'],
  ])('%j', (more, message) => {
    expect(() => read({ ...first, ...more })).toThrow(UnsupportedError)
    expect(() => read({ ...first, ...more })).toThrow(`m/params.json: ${message}`)
  })
})

describe('values that cannot be', () => {
  test.each<[object, string]>([
    [{ dim: '4096' }, 'dim: expected a positive integer, found "4096"'],
    [{ n_kv_heads: undefined }, 'n_kv_heads: expected a positive integer, found nothing'],
    [{ head_dim: undefined }, 'head_dim: expected a positive integer, found nothing'],
    [{ n_kv_heads: 5 }, 'n_heads 32 is not a multiple of n_kv_heads 5'],
    [{ head_dim: 7 }, 'head_dim is 7, expected an even number'],
    [{ norm_eps: undefined }, 'norm_eps: expected a positive number, found nothing'],
    [{ rope_theta: 0 }, 'rope_theta: expected a positive number, found 0'],
    [{ sliding_window: 0 }, 'sliding_window: expected a positive integer, found 0'],
    [{ sliding_window: '4096' }, 'sliding_window: expected a positive integer, found "4096"'],
    [{ max_seq_len: -1 }, 'max_position_embeddings: expected a positive integer, found -1'],
    [{ tied_embeddings: 1 }, 'tied_embeddings: expected true or false, found 1'],
    [{ quantization: 'fp8' }, 'quantization: expected an object, found "fp8"'],
  ])('%j', (more, message) => {
    expect(() => read({ ...first, ...more })).toThrow(new RegExp(`^m/params.json: ${message.replace(/[()]/g, '\\$&')}`))
    expect(() => read({ ...first, ...more })).toThrow(InputError)
  })

  test.each(['{', '[]', 'null'])('%s', (text) => {
    expect(() => readParams(text, 'm/params.json')).toThrow(/^m\/params.json: /)
  })
})
