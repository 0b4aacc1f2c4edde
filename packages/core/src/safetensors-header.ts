import { InputError } from './errors.ts'
import { excerpt, JsonScanner } from './json-scanner.ts'
import { byteWidth, dtypes, isDType, type DType, type Spec } from './tensor.ts'

/** A tensor's place: `[begin, end)` counts bytes from the end of the header. */
export interface Entry extends Spec {
  readonly begin: number
  readonly end: number
}

export interface Header {
  readonly metadata: ReadonlyMap<string, string>
  /** In the order of the header. */
  readonly entries: ReadonlyMap<string, Entry>
}

/** Bytes of the length field before the header. */
export const prefixLength = 8

/** The format's own limit, in bytes (MAX_HEADER_SIZE of huggingface/safetensors). */
export const headerLimit = 100_000_000

/** Header length from the first 8 bytes (u64, little-endian) of a file of `size` bytes. Throws InputError. */
export function headerLength(source: string, prefix: Uint8Array, size: number): number {
  const length = new DataView(prefix.buffer, prefix.byteOffset).getBigUint64(0, true)
  const limit = Math.min(headerLimit, size - prefixLength)
  if (length > BigInt(limit)) {
    throw new InputError(`${source}: expected a header of at most ${limit} bytes in a file of ${size}, found ${length}`)
  }
  return Number(length)
}

/**
 * Parses the header of a file that holds `dataSize` bytes after it, and refuses whatever is not exactly described:
 * afterwards the tensors cover the data without hole or overlap. Throws InputError naming the byte or the tensor.
 * Format: huggingface/safetensors, README.md, "Format".
 */
export function parseHeader(source: string, header: Uint8Array, dataSize: number): Header {
  if (header[0] !== 0x7b) {
    throw new InputError(`${source}: expected a header that starts with {, found byte ${header[0] ?? 'none'}`)
  }
  const scanner = new JsonScanner(source, header, prefixLength)
  const metadata = new Map<string, string>()
  const entries = new Map<string, Entry>()
  scanner.object((key) => {
    if (key === '__metadata__') scanner.object((field) => metadata.set(field, scanner.string()), metadata)
    else entries.set(key, parseEntry(scanner, `${source}: tensor ${excerpt(key)}`))
  })
  scanner.end(' ')
  checkCover(source, entries, dataSize)
  return { metadata, entries }
}

function parseEntry(scanner: JsonScanner, where: string): Entry {
  const fields: { dtype?: string; shape?: number[]; data_offsets?: number[] } = {}
  scanner.object((field) => {
    if (field === 'dtype') fields.dtype = scanner.string()
    else if (field === 'shape') fields.shape = scanner.integers()
    else if (field === 'data_offsets') fields.data_offsets = scanner.integers()
    else throw new InputError(`${where}: expected dtype, shape and data_offsets, found ${excerpt(field)}`)
  })
  const { dtype, shape, data_offsets: offsets } = fields
  if (dtype === undefined || shape === undefined || offsets === undefined) {
    const found = Object.keys(fields).join(', ') || 'none'
    throw new InputError(`${where}: expected dtype, shape and data_offsets, found ${found}`)
  }
  if (!isDType(dtype)) {
    throw new InputError(`${where}: expected a dtype of ${dtypes.join(', ')}, found ${excerpt(dtype)}`)
  }
  if (offsets.length !== 2) throw new InputError(`${where}: expected two data_offsets, found ${offsets.length}`)
  const entry = { dtype, shape, begin: offsets[0], end: offsets[1] }
  checkLength(entry, where)
  return entry
}

function checkLength({ dtype, shape, begin, end }: Entry, where: string): void {
  const bytes = storedLength(dtype, shape, where)
  if (end - begin !== bytes) {
    const found = `data_offsets [${begin}, ${end}]`
    throw new InputError(`${where}: expected ${bytes} bytes for ${dtype} ${excerpt(`[${shape}]`)}, found ${found}`)
  }
}

/**
 * Bytes of a tensor; throws InputError beyond 2⁵³ − 1. Sizes of zero do not excuse the others: rows of such a tensor
 * must have a length too.
 */
export function storedLength(dtype: DType, shape: readonly number[], where: string): number {
  let bytes = byteWidth(dtype)
  for (const size of shape) {
    if (size !== 0) bytes *= size
    if (!Number.isSafeInteger(bytes)) {
      throw new InputError(`${where}: expected fewer than 2^53 bytes, found shape ${excerpt(`[${shape}]`)}`)
    }
  }
  return shape.includes(0) ? 0 : bytes
}

/** The entries, in the order of their bytes, must join up from 0 to the end of the file. */
function checkCover(source: string, entries: ReadonlyMap<string, Entry>, dataSize: number): void {
  const inOrder = [...entries].sort(([, a], [, b]) => a.begin - b.begin || a.end - b.end)
  let at = 0
  for (const [name, { begin, end }] of inOrder) {
    const where = `${source}: tensor ${excerpt(name)}`
    if (end > dataSize) throw new InputError(`${where}: expected an end within ${dataSize} bytes, found ${end}`)
    if (begin < at) throw new InputError(`${where}: expected no overlap before byte ${at}, found begin ${begin}`)
    if (begin > at) throw new InputError(`${where}: expected no gap after byte ${at}, found begin ${begin}`)
    at = end
  }
  if (at !== dataSize) throw new InputError(`${source}: expected ${at} bytes of tensors, found ${dataSize}`)
}
