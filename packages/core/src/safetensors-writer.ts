import { InputError } from './errors.ts'
import { excerpt } from './json-scanner.ts'
import { headerLimit, prefixLength, storedLength } from './safetensors-header.ts'
import { isDType, toBytes, type DType, type Spec, type Tensor } from './tensor.ts'

/** Order of dtypes in the files that Python's safetensors writes: enum Dtype of its tensor.rs, backwards. */
const order: readonly DType[] = ['I64', 'F64', 'F32', 'I32', 'BF16', 'F16', 'F8_E4M3', 'F8_E5M2', 'I8', 'U8']

const encoder = new TextEncoder()

/**
 * The bytes of a safetensors file: tensors by descending dtype (widest first, so that all are aligned), then by name;
 * metadata in the order of its map. Python's safetensors writes the same bytes, but shuffles the metadata. Throws
 * InputError for what the format cannot hold.
 */
export function safetensorsBytes(
  tensors: ReadonlyMap<string, Tensor>,
  metadata?: ReadonlyMap<string, string>,
): Uint8Array {
  const { header, names, dataSize } = layout(tensors, metadata)
  const out = new Uint8Array(header.length + dataSize)
  out.set(header)
  let at = header.length
  for (const name of names) {
    const tensor = tensors.get(name)!
    const bytes = checkedBytes(name, tensor, tensor)
    out.set(bytes, at)
    at += bytes.length
  }
  return out
}

/** A tensor: whole, or its bytes in pieces, each of which is used before the next is asked for. */
export type Contents = Tensor | Iterable<Uint8Array>

/**
 * The same file in pieces: the header, then each tensor as `contents` delivers it, one at a time and in file order. A
 * piece may be a view of memory that is used again: it holds until the next is asked for. Throws InputError when a
 * tensor is not what `entries` says.
 */
export async function* writeSafetensors(
  entries: ReadonlyMap<string, Spec>,
  contents: (name: string) => Contents | Promise<Contents>,
  metadata?: ReadonlyMap<string, string>,
): AsyncIterable<Uint8Array> {
  const { header, names } = layout(entries, metadata)
  yield header
  for (const name of names) {
    const found = await contents(name)
    if ('dtype' in found) yield checkedBytes(name, entries.get(name)!, found)
    else yield* checkedPieces(name, entries.get(name)!, found)
  }
}

/** Length field and header, the order of the tensors, and the bytes that follow. */
function layout(entries: ReadonlyMap<string, Spec>, metadata: ReadonlyMap<string, string> = new Map()) {
  const names = [...entries.keys()].sort((a, b) => byDType(entries.get(a)!, entries.get(b)!) || byUtf8(a, b))
  let dataSize = 0
  const fields = names.map((name) => {
    const begin = dataSize
    dataSize += checkedLength(name, entries.get(name)!)
    return field(name, { ...pick(entries.get(name)!), data_offsets: [begin, dataSize] })
  })
  if (!Number.isSafeInteger(dataSize)) throw new InputError('safetensors: expected fewer than 2^53 bytes, found more')
  if (metadata.size > 0) fields.unshift(`"__metadata__":{${[...metadata].map(([key, text]) => field(key, text))}}`)
  return { header: encodeHeader(`{${fields}}`), names, dataSize }
}

function encodeHeader(json: string): Uint8Array {
  const text = encoder.encode(json)
  const length = Math.ceil(text.length / 8) * 8
  if (length > headerLimit) {
    throw new InputError(`safetensors: expected a header of at most ${headerLimit} bytes, found ${length}`)
  }
  const header = new Uint8Array(prefixLength + length).fill(0x20)
  new DataView(header.buffer).setBigUint64(0, BigInt(length), true)
  header.set(text, prefixLength)
  return header
}

/** One member of a JSON object. Names with a meaning of their own are refused, as is text that UTF-8 cannot hold. */
function field(key: string, value: unknown): string {
  if (key === '__metadata__' || key === '__proto__') {
    throw new InputError(`safetensors: expected a name that is not reserved, found ${excerpt(key)}`)
  }
  for (const text of [key, value]) {
    if (typeof text === 'string' && /\p{Surrogate}/u.test(text)) {
      throw new InputError(`safetensors: expected text without half of a surrogate pair, found ${excerpt(text)}`)
    }
  }
  return `${JSON.stringify(key)}:${JSON.stringify(value)}`
}

/** Python's order of fields. */
function pick({ dtype, shape }: Spec): Spec {
  return { dtype, shape }
}

function checkedLength(name: string, { dtype, shape }: Spec): number {
  const where = `tensor ${excerpt(name)}`
  if (!isDType(dtype)) throw new InputError(`${where}: expected a dtype of ${order.join(', ')}, found ${String(dtype)}`)
  if (!shape.every((size) => Number.isSafeInteger(size) && size >= 0)) {
    throw new InputError(`${where}: expected whole sizes from 0, found ${excerpt(`[${shape}]`)}`)
  }
  return storedLength(dtype, shape, where)
}

function checkedBytes(name: string, spec: Spec, tensor: Tensor): Uint8Array {
  const bytes = toBytes(tensor)
  const same = tensor.dtype === spec.dtype && String(tensor.shape) === String(spec.shape)
  if (!same || bytes.length !== checkedLength(name, spec)) {
    const found = `${tensor.dtype} [${tensor.shape}] in ${bytes.length} bytes`
    throw new InputError(`tensor ${excerpt(name)}: expected ${spec.dtype} [${spec.shape}], found ${found}`)
  }
  return bytes
}

function* checkedPieces(name: string, spec: Spec, pieces: Iterable<Uint8Array>): Iterable<Uint8Array> {
  const expected = checkedLength(name, spec)
  let found = 0
  for (const piece of pieces) {
    found += piece.length
    yield piece
  }
  if (found !== expected) throw new InputError(`tensor ${excerpt(name)}: expected ${expected} bytes, found ${found}`)
}

function byDType(a: Spec, b: Spec): number {
  return order.indexOf(a.dtype) - order.indexOf(b.dtype)
}

/** The order of the UTF-8 bytes, which is that of the code points; JavaScript's own is that of the UTF-16 units. */
function byUtf8(a: string, b: string): number {
  let i = 0
  while (i < a.length && a[i] === b[i]) i++
  return (a.codePointAt(i) ?? -1) - (b.codePointAt(i) ?? -1)
}
