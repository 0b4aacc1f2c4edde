import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { readConfig } from './config.ts'
import { InputError, UnsupportedError } from './errors.ts'

interface Golden {
  readonly name: string
  readonly text: string
  readonly expected: Record<string, unknown> & { readonly rope_parameters: Record<string, unknown> }
}

// What transformers 5.23 reads from the same text: conformance/goldens/config/make.py.
const file = new URL('../../../conformance/goldens/config/config.json', import.meta.url)
const { cases } = JSON.parse(readFileSync(file, 'utf8')) as { readonly cases: readonly Golden[] }

const list = (value: unknown): unknown => (value === null ? [] : Array.isArray(value) ? value : [value])

test.each(cases.map((golden) => [golden.name, golden] as const))('as transformers: %s', (_, { text, expected }) => {
  const config = readConfig(text)
  const rope = expected.rope_parameters
  expect(config).toMatchObject({
    layers: expected['num_hidden_layers'],
    width: expected['hidden_size'],
    heads: expected['num_attention_heads'],
    kvHeads: expected['num_key_value_heads'],
    headDim: expected['head_dim'],
    hidden: expected['intermediate_size'],
    vocabulary: expected['vocab_size'],
    context: expected['max_position_embeddings'],
    normEpsilon: expected['rms_norm_eps'],
    window: expected['sliding_window'],
    tied: expected['tie_word_embeddings'],
    attentionBias: expected['attention_bias'] ?? false,
    mlpBias: expected['mlp_bias'] ?? false,
    begin: expected['bos_token_id'],
    end: list(expected['eos_token_id']),
    ropeTheta: rope['rope_theta'],
  })
  const all = {
    type: rope['rope_type'],
    factor: rope['factor'],
    lowFrequencyFactor: rope['low_freq_factor'],
    highFrequencyFactor: rope['high_freq_factor'],
    originalContext: rope['original_max_position_embeddings'],
  }
  expect(config.ropeScaling).toEqual(Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined)))
})

const mistral = { architectures: ['MistralForCausalLM'] }
const llama = { architectures: ['LlamaForCausalLM'] }
const rope = (rope_type: string) => ({ ...llama, rope_scaling: { rope_type, factor: 2 } })

describe('settings that are not known', () => {
  test.each<[object, string]>([
    [{}, 'architecture null of model_type null is not one of MistralForCausalLM, LlamaForCausalLM'],
    [{ architectures: ['GemmaForCausalLM'] }, 'architecture ["GemmaForCausalLM"]'],
    [{ architectures: ['MistralForCausalLM', 'X'] }, 'architecture ["MistralForCausalLM","X"]'],
    [{ ...llama, model_type: 'granite' }, 'architecture ["LlamaForCausalLM"] of model_type "granite"'],
    [{ model_type: { toString: 1 } }, 'architecture null of model_type {"toString":1}'],
    [{ model_type: 'constructor' }, 'of model_type "constructor"'],
    [{ ...mistral, logit_scale: 0.5 }, 'unknown setting "logit_scale" = 0.5'],
    [{ ...mistral, logit_softcap: 0 }, 'unknown setting "logit_softcap" = 0'],
    [{ ...mistral, partial_rotary_factor: 0.5 }, 'unknown setting "partial_rotary_factor" = 0.5'],
    [{ ...llama, rope_scaling: { rope_type: 'default', partial_rotary_factor: 0.5 } }, 'partial_rotary_factor'],
    [rope('yarn'), 'rope type "yarn"'],
    [rope('dynamic'), 'rope type "dynamic"'],
    [rope('longrope'), 'rope type "longrope"'],
    [{ ...mistral, hidden_act: 'gelu' }, 'hidden_act is "gelu", expected "silu"'],
    [{ ...llama, pretraining_tp: 2 }, 'pretraining_tp is 2'],
    [{ ...mistral, layer_types: ['full_attention', 'sliding_attention'] }, 'layer_types is ["full'],
    [{ ...mistral, layer_types: 'sliding_attention' }, 'layer_types is "sliding_attention"'],
    [{ ...llama, sliding_window: 5 }, 'sliding_window is 5, but LlamaForCausalLM has none'],
    [{ ...mistral, attention_bias: true }, 'MistralForCausalLM has no biases'],
  ])('%j', (config, message) => {
    const read = () => readConfig(JSON.stringify(config), 'm/config.json')
    expect(read).toThrow(UnsupportedError)
    expect(read).toThrow('m/config.json: ')
    expect(read).toThrow(message)
  })

  test('are harmless when null or false', () => {
    expect(readConfig(JSON.stringify({ ...llama, yarn: null, use_mrope: false, torch_dtype: 'bfloat16' })).layers).toBe(
      32,
    )
  })
})

describe('values that cannot be', () => {
  const sizes = [
    'hidden_size',
    'num_hidden_layers',
    'num_attention_heads',
    'vocab_size',
    'intermediate_size',
    'head_dim',
  ]
  test.each(sizes.flatMap((key) => [0, -8, 2.5, '8', true, [], 2 ** 53].map((value) => [key, value] as const)))(
    '%s: %j',
    (key, value) => {
      const read = () => readConfig(JSON.stringify({ ...mistral, [key]: value }))
      expect(read).toThrow(InputError)
      expect(read).toThrow(`config.json: ${key}: expected a positive integer, found ${JSON.stringify(value)}`)
    },
  )

  test.each<[string, string]>([
    ['{', 'not JSON'],
    ['', 'not JSON'],
    ['[]', 'expected an object, found []'],
    ['null', 'expected an object, found null'],
    ['{"model_type":"mistral","__proto__":{"vocab_size":5}}', 'unknown setting "__proto__"'],
    ['{"model_type":"mistral","rope_scaling":{"__proto__":1}}', 'unknown setting "rope_scaling.__proto__"'],
    ['{"model_type":"mistral","num_attention_heads":30,"head_dim":8}', '30 is not a multiple of num_key_value_heads 8'],
    ['{"model_type":"mistral","head_dim":7}', 'head_dim is 7, expected an even number'],
    ['{"model_type":"mistral","hidden_size":4100}', 'hidden_size 4100 is not a multiple of num_attention_heads 32'],
    ['{"model_type":"mistral","sliding_window":0}', 'sliding_window: expected a positive integer, found 0'],
    ['{"model_type":"mistral","rms_norm_eps":"1"}', 'rms_norm_eps: expected a positive number, found "1"'],
    ['{"model_type":"mistral","rope_theta":-1}', 'rope_theta: expected a positive number, found -1'],
    ['{"model_type":"mistral","rope_theta":1e999}', 'rope_theta: expected a positive number'],
    ['{"model_type":"llama","rope_scaling":{"type":"linear"}}', 'rope_scaling.factor: expected a positive number'],
    ['{"model_type":"llama","rope_scaling":[]}', 'rope_scaling: expected an object, found []'],
    ['{"model_type":"llama","tie_word_embeddings":1}', 'tie_word_embeddings: expected true or false, found 1'],
    ['{"model_type":"llama","eos_token_id":[2,-1]}', 'eos_token_id: expected token ids, found [2,-1]'],
    ['{"model_type":"llama","quantization_config":"fp8"}', 'quantization_config: expected an object, found "fp8"'],
  ])('%s', (text, message) => {
    expect(() => readConfig(text)).toThrow(InputError)
    expect(() => readConfig(text)).toThrow(message)
  })

  test.each(['x', 'vocab_size', 'model_type', 'hidden_act', 'layer_types'])('%s nested without end', (key) => {
    const deep = '['.repeat(1e5) + ']'.repeat(1e5)
    const read = () => readConfig(`{"architectures":["MistralForCausalLM"],"${key}":${deep}}`)
    expect(read).toThrow(InputError)
    expect(read).toThrow('a deeply nested value')
  })

  test('messages stay short', () => {
    const error = (() => {
      try {
        readConfig(JSON.stringify({ ...mistral, x: 'y'.repeat(1e6), ['z'.repeat(1e6)]: 1 }))
      } catch (error) {
        return error as Error
      }
    })()
    expect(error!.message.length).toBeLessThan(300)
  })
})
