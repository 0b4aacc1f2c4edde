// Every published fp8 layout, for tests: the same kind of model as each tool writes it.
import { elements, tensor, type Tensor } from './tensor.ts'
import {
  codes,
  e4m3,
  layer,
  linears,
  others,
  random,
  scales,
  scaleShape,
  type Granule,
  type Opening,
  type Shape,
  type Tensors,
} from './weights.fixture.ts'

/** A layout as its tool writes it; sources: docs/spec.md, [fp8.6]. */
export interface Layout {
  readonly granule: Granule
  readonly config: object
  readonly scale?: string
  readonly codes?: string
  readonly shape?: (shape: Shape) => number[]
  /** Scalars that a weight-only reading does not use, beside a linear or an attention. */
  readonly unused?: readonly string[]
}

const group = (weights: object): object => ({
  quant_method: 'compressed-tensors',
  format: 'float-quantized',
  ignore: ['lm_head'],
  config_groups: {
    group_0: {
      targets: ['Linear'],
      weights: { num_bits: 8, type: 'float', symmetric: true, dynamic: false, ...weights },
    },
  },
})
const autofp8 = { quant_method: 'fp8', activation_scheme: 'static', ignored_layers: ['lm_head'] }
const fbgemm = { quant_method: 'fbgemm_fp8', activation_scale_ub: 1200, modules_to_not_convert: ['lm_head'] }
const deepseek = { quant_method: 'fp8', fmt: 'e4m3', activation_scheme: 'dynamic', weight_block_size: [128, 128] }
const torchao = {
  quant_method: 'torchao',
  quant_type: { default: { _type: 'Float8WeightOnlyConfig', _version: 2, _data: {} } },
}
const ao = { config: torchao, codes: '._weight_qdata', scale: '._weight_scale' }

export const layouts: Record<string, Layout> = {
  AutoFP8: { granule: 'tensor', config: autofp8, unused: ['input_scale', 'kv_scale', 'k_scale', 'v_scale'] },
  'transformers, static': {
    granule: 'tensor',
    config: { quant_method: 'fp8', activation_scheme: 'static', weight_block_size: null },
    scale: '.weight_scale_inv',
    unused: ['activation_scale'],
  },
  DeepSeek: { granule: 'block', config: deepseek, scale: '.weight_scale_inv' },
  'compressed-tensors, tensor': {
    granule: 'tensor',
    config: group({ strategy: 'tensor' }),
    shape: () => [1],
    unused: ['input_scale', 'output_scale'],
  },
  'compressed-tensors, no strategy': { granule: 'tensor', config: group({}), shape: () => [1] },
  'compressed-tensors, channel': { granule: 'channel', config: group({ strategy: 'channel' }) },
  'compressed-tensors, block': { granule: 'block', config: group({ strategy: 'block', block_structure: [128, 128] }) },
  'compressed-tensors, block as text': {
    granule: 'block',
    config: group({ strategy: 'block', block_structure: '128x128' }),
  },
  fbgemm: { granule: 'channel', config: fbgemm, unused: ['input_scale_ub'] },
  'torchao, whole': { granule: 'tensor', ...ao, shape: () => [1, 1] },
  'torchao, rows': { granule: 'channel', ...ao },
  'torchao, blocks': { granule: 'block', ...ao },
  ModelOpt: {
    granule: 'tensor',
    config: { quant_method: 'modelopt', quant_algo: 'FP8', exclude_modules: ['lm_head'] },
    unused: ['input_scale', 'k_scale'],
  },
  'ModelOpt, as newer versions': {
    granule: 'tensor',
    config: { quant_method: 'modelopt', quant_algo: 'FP8', ignore: ['lm_head'], config_groups: {} },
  },
  'ModelOpt, hf_quant_config.json': {
    granule: 'tensor',
    config: { quant_method: 'modelopt', quantization: { quant_algo: 'FP8', exclude_modules: ['lm_head'] } },
  },
}
export const named = Object.entries(layouts)

export function stored({
  granule,
  scale = '.weight_scale',
  codes: ending = '.weight',
  shape,
  unused = [],
}: Layout): Tensors {
  const [next, nextScale] = [random(2), random(3)]
  const all = others()
  for (const [name, size] of Object.entries(linears)) {
    all.set(name + ending, codes(size, next))
    all.set(name + scale, scales((shape ?? ((size) => scaleShape(granule, size)))(size), nextScale))
    for (const extra of unused) all.set(`${name}.${extra}`, tensor('F32', [], Float32Array.of(7)))
  }
  return all
}

export function opening({ granule, config, codes: ending }: Layout): Opening {
  const described = (size: Shape) => {
    const block_size = granule === 'tensor' ? size : granule === 'channel' ? [1, size[1]] : [128, 128]
    return { _type: 'Float8Tensor', _data: { block_size }, _tensor_data_names: ['qdata', 'scale'] }
  }
  const texts = Object.entries(linears).map(
    ([name, size]) => [`${name}.weight`, JSON.stringify(described(size))] as const,
  )
  const metadata = ending === undefined ? undefined : new Map([...texts, ['lm_head.weight', '{"_type": "Tensor"}']])
  return { more: { quantization_config: config }, ...(metadata === undefined ? {} : { metadata }) }
}

/** The same model without scales: code · scale in F64, which holds it exactly. `side` is the side of a block. */
export function multiplied(layout: Layout, side: (size: number) => number = () => 128): Tensors {
  const { granule, scale = '.weight_scale', codes: ending = '.weight' } = layout
  const model = stored(layout)
  const all = others()
  for (const [name, [rows, width]] of Object.entries(linears)) {
    const [weight, { data }] = [model.get(name + ending)!, model.get(name + scale)!]
    const across = Math.ceil(width / 128)
    const block = (n: number, k: number) => Math.floor(n / side(rows)) * across + Math.floor(k / side(width))
    const index = { tensor: () => 0, channel: (n: number) => n, block }[granule]
    const values = Float64Array.from({ length: rows * width }, (_, i) => {
      return e4m3(Number(weight.data[i])) * Number(data[index(Math.floor(i / width), i % width)])
    })
    all.set(`${name}.weight`, tensor('F64', [rows, width], values))
  }
  return all
}

export const down = `${layer}.mlp.down_proj`
export const scale = `${down}.weight_scale`
export const where = 'm/config.json: quantization_config'
export const filled = (shape: number[], dtype: 'F32' | 'I32' = 'F32'): Tensor => {
  const data = new (dtype === 'F32' ? Float32Array : Int32Array)(elements(shape)).fill(1)
  return tensor(dtype, shape, data as never)
}
