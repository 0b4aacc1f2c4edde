import type { Format } from './checkpoint.ts'
import { UnsupportedError } from './errors.ts'
import { blockSize } from './graph.ts'
import { names, object, shown, type Json } from './settings.ts'

/** What one scale covers: a whole weight, one of its rows (an output channel), or 128×128 of its elements. */
export type Form = 'tensor' | 'channel' | 'block'

/** What a checkpoint says of its fp8 linears. Nothing about activations: the reading is weight-only. Spec: [fp8.6]. */
export interface Claim {
  /** Who says it, for errors: `m/config.json: quantization_config`. */
  readonly where: string
  /** What follows a module's name in the name of its codes, and of its scale (one of several spellings). */
  readonly weight: string
  readonly scales: readonly string[]
  /** `any` where the claim leaves it to the shape; `metadata` where each weight's own metadata tells. */
  readonly form: Form | 'any' | 'metadata'
  readonly dtypes: readonly ('F8_E4M3' | 'F8_E5M2')[]
  /** Modules that are not quantised: see `ignored`. */
  readonly ignore: readonly string[]
}

/** Reads config.json's `quantization_config` or params.json's `quantization`. Throws UnsupportedError, InputError. */
export function readClaim(json: Json, where: string, format: Format): Claim {
  if (format === 'mistral') return mistralClaim(json, where)
  const method = json['quant_method']
  if (typeof method === 'string' && Object.hasOwn(methods, method)) return methods[method as Method](json, where)
  const known = Object.keys(methods).join(', ')
  throw new UnsupportedError(`${where}.quant_method is ${shown(method)}, expected one of ${known}`)
}

const plain = { weight: '.weight', scales: ['.weight_scale'], dtypes: ['F8_E4M3'] } as const

type Method = keyof typeof methods
const methods = {
  fp8: fp8Claim,
  'compressed-tensors': compressedClaim,
  fbgemm_fp8: (json: Json, where: string): Claim => ({
    ...plain,
    where,
    form: 'channel',
    ignore: names(json['modules_to_not_convert'], `${where}.modules_to_not_convert`),
  }),
  torchao: torchaoClaim,
  modelopt: modeloptClaim,
} as const

/** One name, three layouts: DeepSeek's with blocks, AutoFP8's and transformers' with one scale a weight. */
function fp8Claim(json: Json, where: string): Claim {
  expect(json['fmt'], [undefined, null, 'e4m3'], `${where}.fmt`)
  const listed = json['ignored_layers'] === undefined ? 'modules_to_not_convert' : 'ignored_layers'
  const claim = { ...plain, where, ignore: names(json[listed], `${where}.${listed}`) }
  const block = json['weight_block_size'] ?? null
  if (block === null) return { ...claim, form: 'tensor', scales: ['.weight_scale', '.weight_scale_inv'] }
  expectBlocks(block, `${where}.weight_block_size`)
  return { ...claim, form: 'block', scales: ['.weight_scale_inv'] }
}

function compressedClaim(json: Json, where: string): Claim {
  expect(json['format'], ['float-quantized'], `${where}.format`)
  for (const key of ['sparsity_config', 'transform_config']) {
    if (Object.keys(object(json[key] ?? {}, `${where}.${key}`)).length > 0) {
      throw new UnsupportedError(`${where}.${key} is ${shown(json[key])}, expected none`)
    }
  }
  const groups = Object.entries(object(json['config_groups'], `${where}.config_groups`)).map(
    ([key, group]) => [`${where}.config_groups.${key}`, object(group, `${where}.config_groups.${key}`)] as const,
  )
  const weights = groups.filter(([, group]) => (group['weights'] ?? null) !== null)
  const forms = new Set(weights.map(([at, group]) => compressedForm(object(group['weights'], `${at}.weights`), at)))
  if (forms.size !== 1) {
    throw new UnsupportedError(`${where}.config_groups: ${forms.size} strategies for weights, expected one`)
  }
  const ignore = names(json['ignore'], `${where}.ignore`)
  // Groups that name their modules leave the others as they are; which, only their patterns know.
  const all = weights.every(([at, group]) => names(group['targets'], `${at}.targets`).includes('Linear'))
  return { ...plain, where, form: [...forms][0], ignore: all ? ignore : [...ignore, 're:.*'] }
}

function compressedForm(weights: Json, group: string): Form {
  const where = `${group}.weights`
  expect(weights['num_bits'], [8], `${where}.num_bits`)
  expect(weights['type'], ['float'], `${where}.type`)
  expect(weights['symmetric'], [true, undefined], `${where}.symmetric`)
  expect(weights['dynamic'], [false, undefined], `${where}.dynamic`)
  const strategy = weights['strategy'] ?? 'tensor'
  expect(strategy, ['tensor', 'channel', 'block'], `${where}.strategy`)
  if (strategy === 'block' && weights['block_structure'] !== `${blockSize}x${blockSize}`) {
    expectBlocks(weights['block_structure'], `${where}.block_structure`)
  }
  return strategy as Form
}

/** Each weight's metadata says what it is; the config only that torchao wrote it. */
function torchaoClaim(json: Json, where: string): Claim {
  const type = object(object(json['quant_type'], `${where}.quant_type`)['default'], `${where}.quant_type.default`)
  const name = type['_type']
  if (typeof name !== 'string' || !/^(Float8|FqnToConfig|ModuleFqnToConfig)/.test(name)) {
    throw new UnsupportedError(`${where}.quant_type.default._type is ${shown(name)}, expected one of Float8`)
  }
  return {
    where,
    weight: '._weight_qdata',
    scales: ['._weight_scale'],
    form: 'metadata',
    dtypes: ['F8_E4M3', 'F8_E5M2'],
    ignore: names(json['modules_to_not_convert'], `${where}.modules_to_not_convert`),
  }
}

/** As in hf_quant_config.json (`exclude_modules`), and as newer versions write it into config.json (`ignore`). */
function modeloptClaim(json: Json, where: string): Claim {
  const inner = json['quantization'] === undefined ? json : object(json['quantization'], `${where}.quantization`)
  expect(inner['quant_algo'], ['FP8'], `${where}: quant_algo`)
  const listed = inner['ignore'] === undefined ? 'exclude_modules' : 'ignore'
  return { ...plain, where, form: 'tensor', ignore: names(inner[listed], `${where}: ${listed}`) }
}

/** Published ones are per tensor, but nothing in params.json says so: the shape of a scale does. */
function mistralClaim(json: Json, where: string): Claim {
  expect(json['qformat_weight'], ['fp8_e4m3'], `${where}.qformat_weight`)
  for (const [key, value] of Object.entries(json)) {
    if (key === 'qformat_weight' || key.endsWith('_act') || value === null || value === false) continue
    throw new UnsupportedError(`${where}: unknown setting ${shown(key)} = ${shown(value)} may change the numbers`)
  }
  return { ...plain, where, scales: ['.qscale_weight'], form: 'any', ignore: [] }
}

function expect(value: unknown, accepted: readonly unknown[], where: string): void {
  if (accepted.includes(value)) return
  const expected = accepted.filter((item) => item !== undefined && item !== null).map(shown)
  throw new UnsupportedError(`${where} is ${shown(value)}, expected ${expected.join(' or ')}`)
}

function expectBlocks(value: unknown, where: string): void {
  const [rows, columns, ...more] = Array.isArray(value) ? (value as unknown[]) : []
  if (rows === blockSize && columns === blockSize && more.length === 0) return
  throw new UnsupportedError(`${where} is ${shown(value)}, expected [${blockSize}, ${blockSize}]`)
}
