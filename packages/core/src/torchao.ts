import { InputError, UnsupportedError } from './errors.ts'
import { blockSize } from './graph.ts'
import type { Form } from './quantization.ts'
import { names, object, parseSettings, shown, type Json } from './settings.ts'

/**
 * The form of a weight's scale by the metadata that torchao writes into the safetensors file, one JSON text a weight:
 * `{"_type": "Float8Tensor", "_data": {"block_size": [1, K], …}, "_tensor_data_names": ["qdata", "scale"]}`. A block_size
 * is the piece of the weight [N, K] that shares a scale. Source: torchao/prototype/safetensors of pytorch/ao.
 */
export function torchaoForm(
  metadata: ReadonlyMap<string, string>,
  weight: string,
  [rows, width]: readonly number[],
  name: string,
): Form {
  const where = `${name}: metadata of "${weight}"`
  const text = metadata.get(weight)
  if (text === undefined) throw new InputError(`${where} is missing`)
  const json = parseSettings(text, where)
  if (json['_type'] !== 'Float8Tensor') {
    throw new UnsupportedError(`${where}: _type is ${shown(json['_type'])}, expected "Float8Tensor"`)
  }
  const parts = names(json['_tensor_data_names'], `${where}: _tensor_data_names`)
  if (parts.length !== 2 || !parts.includes('qdata') || !parts.includes('scale')) {
    throw new UnsupportedError(`${where}: _tensor_data_names is ${shown(parts)}, expected ["qdata", "scale"]`)
  }
  const block = object(json['_data'], `${where}: _data`)['block_size']
  const forms: readonly (readonly [Form, readonly number[]])[] = [
    ['tensor', []],
    ['tensor', [rows, width]],
    ['channel', [1, width]],
    ['block', [blockSize, blockSize]],
  ]
  const found = forms.find(([, size]) => shown(size) === shown(block))
  if (found !== undefined) return found[0]
  const known = `[${rows}, ${width}], [1, ${width}] or [${blockSize}, ${blockSize}]`
  throw new UnsupportedError(`${where}: block_size is ${shown(block)}, expected ${known}`)
}

/** Whether the metadata says that a weight is an ordinary tensor. */
export function isPlainTensor(metadata: ReadonlyMap<string, string>, weight: string, name: string): boolean {
  const text = metadata.get(weight)
  if (text === undefined) return false
  const json: Json = parseSettings(text, `${name}: metadata of "${weight}"`)
  return json['_type'] === 'Tensor'
}
