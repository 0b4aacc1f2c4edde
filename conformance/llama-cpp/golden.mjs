// What ../goldens/smollm2 says of the model, read without anything of ours.
import { readFileSync } from 'node:fs'
import { endianness } from 'node:os'
import { fileURLToPath } from 'node:url'

const folder = fileURLToPath(new URL('../goldens/smollm2', import.meta.url))
const kinds = { I32: Int32Array, F64: Float64Array }

/** Texts of which there are goldens of all layers. */
export const texts = ['english', 'code', 'script', 'long']

/**
 * One text, its T tokens, the likeliest next token after each (`best`), by how much its logit leads the second (`lead`),
 * and which weights computed that (`weights`, a SHA-256).
 */
export function readGolden(name) {
  if (endianness() !== 'LE') throw new Error('goldens are little-endian, this machine is not')
  const { read, metadata } = open(`${folder}/${name}.safetensors`)
  const [ids, logits] = [read('top.ids'), read('top.logits')]
  const rows = ids.shape[0]
  const pick = (tensor, column) => Array.from({ length: rows }, (_, i) => tensor.values[i * tensor.shape[1] + column])
  const second = pick(logits, 1)
  return {
    name,
    text: metadata.text,
    weights: metadata.weights_sha256,
    tokens: [...read('tokens').values],
    best: pick(ids, 0),
    lead: pick(logits, 0).map((first, i) => first - second[i]),
  }
}

/** A safetensors file: 8 bytes say how long the header is, offsets count from its end. */
function open(file) {
  const bytes = readFileSync(file)
  const start = 8 + Number(bytes.readBigUInt64LE(0))
  const { __metadata__: metadata, ...header } = JSON.parse(bytes.toString('utf8', 8, start))
  const read = (name) => {
    const { dtype, shape, data_offsets: offsets } = header[name]
    const [from, to] = offsets.map((offset) => bytes.byteOffset + start + offset)
    return { shape, values: new kinds[dtype](bytes.buffer.slice(from, to)) }
  }
  return { metadata, read }
}
