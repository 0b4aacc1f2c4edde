import { describe, expect, test } from 'vitest'
import { InputError, UnsupportedError } from './errors.ts'
import { readClaim } from './quantization.ts'
import { torchaoForm } from './torchao.ts'

const weights = { num_bits: 8, type: 'float', strategy: 'channel' }
const compressed = (more: object, change: object = {}) => ({
  quant_method: 'compressed-tensors',
  format: 'float-quantized',
  config_groups: { g: { targets: ['Linear'], weights: { ...weights, ...change } } },
  ...more,
})
const group = 'config_groups.g.weights'

describe('quantization_config that is not read', () => {
  test.each<[object, string]>([
    [
      { quant_method: 'gptq' },
      '.quant_method is "gptq", expected one of fp8, compressed-tensors, fbgemm_fp8, torchao, modelopt',
    ],
    [{}, '.quant_method is nothing'],
    [{ quant_method: { toString: 1 } }, '.quant_method is {"toString":1}'],
    [{ quant_method: ['fp8'] }, '.quant_method is ["fp8"]'],
    [{ quant_method: 'constructor' }, '.quant_method is "constructor"'],
    [{ quant_method: 'fp8', fmt: 'e5m2' }, '.fmt is "e5m2", expected "e4m3"'],
    [{ quant_method: 'fp8', weight_block_size: [64, 128] }, '.weight_block_size is [64,128], expected [128, 128]'],
    [{ quant_method: 'fp8', weight_block_size: [128, 128, 128] }, '.weight_block_size is [128,128,128]'],
    [{ quant_method: 'fp8', weight_block_size: '128,128' }, '.weight_block_size is "128,128"'],
    [{ quant_method: 'fp8', weight_block_size: { toString: 1 } }, '.weight_block_size is {"toString":1}'],
    [compressed({ format: 'int-quantized' }), '.format is "int-quantized", expected "float-quantized"'],
    [compressed({ sparsity_config: { format: 'sparse-24-bitmask' } }), '.sparsity_config is {"format"'],
    [compressed({ transform_config: { R1: {} } }), '.transform_config is {"R1":{}}, expected none'],
    [compressed({ config_groups: {} }), '.config_groups: 0 strategies for weights, expected one'],
    [compressed({}, { num_bits: 4 }), `.${group}.num_bits is 4, expected 8`],
    [compressed({}, { type: 'int' }), `.${group}.type is "int", expected "float"`],
    [compressed({}, { symmetric: false }), `.${group}.symmetric is false, expected true`],
    [compressed({}, { dynamic: true }), `.${group}.dynamic is true, expected false`],
    [compressed({}, { strategy: 'group' }), `.${group}.strategy is "group", expected "tensor" or "channel" or "block"`],
    [compressed({}, { strategy: 'block', block_structure: [128, 64] }), `.${group}.block_structure is [128,64]`],
    [compressed({}, { strategy: 'block' }), `.${group}.block_structure is nothing`],
    [
      compressed({
        config_groups: {
          a: { targets: ['Linear'], weights },
          b: { targets: [], weights: { ...weights, strategy: 'tensor' } },
        },
      }),
      '.config_groups: 2 strategies for weights',
    ],
    [{ quant_method: 'modelopt', quant_algo: 'NVFP4' }, ': quant_algo is "NVFP4", expected "FP8"'],
    [
      { quant_method: 'torchao', quant_type: { default: { _type: 'Int4WeightOnlyConfig' } } },
      '.quant_type.default._type is "Int4WeightOnlyConfig"',
    ],
  ])('%j', (json, message) => {
    const read = () => readClaim(json as never, 'q', 'huggingface')
    expect(read).toThrow(UnsupportedError)
    expect(read).toThrow(`q${message}`)
  })

  test.each<[object, string]>([
    [{ quant_method: 'fp8', ignored_layers: 'lm_head' }, 'q.ignored_layers: expected a list of names, found "lm_head"'],
    [
      { quant_method: 'fbgemm_fp8', modules_to_not_convert: [1] },
      'q.modules_to_not_convert: expected a list of names, found [1]',
    ],
    [compressed({ config_groups: { g: null } }), 'q.config_groups.g: expected an object, found null'],
    [{ quant_method: 'torchao', quant_type: 'float8wo' }, 'q.quant_type: expected an object, found "float8wo"'],
  ])('%j', (json, message) => {
    expect(() => readClaim(json as never, 'q', 'huggingface')).toThrow(new InputError(message))
  })

  test.each<[object, string]>([
    [{ qformat_weight: 'nvfp4' }, 'q.qformat_weight is "nvfp4", expected "fp8_e4m3"'],
    [{ quant_method: 'compressed-tensors' }, 'q.qformat_weight is nothing, expected "fp8_e4m3"'],
    [{ qformat_weight: 'fp8_e4m3', qgroup: 32 }, 'q: unknown setting "qgroup" = 32 may change the numbers'],
  ])('of Mistral: %j', (json, message) => {
    const read = () => readClaim(json as never, 'q', 'mistral')
    expect(read).toThrow(new UnsupportedError(message))
  })
})

test('a group without weights, for the cache or the activations, says nothing of them', () => {
  const groups = { a: { targets: ['Linear'], weights }, b: { targets: ['re:.*attn'], weights: null } }
  const { form, ignore } = readClaim(compressed({ config_groups: groups }), 'q', 'huggingface')
  expect([form, ignore]).toEqual(['channel', []])
})

describe('metadata of torchao', () => {
  const told = (data: object, more: object = {}) =>
    new Map([
      ['w', JSON.stringify({ _type: 'Float8Tensor', _data: data, _tensor_data_names: ['qdata', 'scale'], ...more })],
    ])
  const form = (metadata: ReadonlyMap<string, string>) => torchaoForm(metadata, 'w', [200, 144], 'm')

  test.each([
    [[], 'tensor'],
    [[200, 144], 'tensor'],
    [[1, 144], 'channel'],
    [[128, 128], 'block'],
  ])('block_size %j: a scale per %s', (block_size, expected) => {
    expect(form(told({ block_size }))).toBe(expected)
  })

  test.each<[string, ReadonlyMap<string, string>, string]>([
    ['none', new Map(), 'm: metadata of "w" is missing'],
    ['no JSON', new Map([['w', '{']]), 'm: metadata of "w": not JSON'],
    ['another subclass', told({}, { _type: 'Int4Tensor' }), '_type is "Int4Tensor", expected "Float8Tensor"'],
    [
      'more parts',
      told({}, { _tensor_data_names: ['qdata', 'scale', 'act_pre_scale'] }),
      '_tensor_data_names is ["qdata","scale","act_pre_scale"]',
    ],
    ['parts of no name', told({}, { _tensor_data_names: [{ toString: 1 }] }), 'expected a list of names'],
    ['parts in one name', told({}, { _tensor_data_names: ['qdata,scale'] }), '_tensor_data_names is ["qdata,scale"]'],
    ['a part twice', told({}, { _tensor_data_names: ['qdata', 'qdata'] }), '_tensor_data_names is ["qdata","qdata"]'],
    ['columns', told({ block_size: [200, 1] }), 'block_size is [200,1], expected [200, 144], [1, 144] or [128, 128]'],
    ['groups', told({ block_size: [1, 32] }), 'block_size is [1,32]'],
    ['no block_size', told({}), 'block_size is nothing'],
  ])('%s', (_, metadata, message) => {
    expect(() => form(metadata)).toThrow(InputError)
    expect(() => form(metadata)).toThrow(message)
  })
})
