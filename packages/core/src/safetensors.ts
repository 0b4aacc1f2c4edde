import type { ByteSource } from './byte-source.ts'
import { InputError } from './errors.ts'
import { excerpt } from './json-scanner.ts'
import { headerLength, parseHeader, prefixLength, type Entry } from './safetensors-header.ts'
import { byteWidth, elements, fromBytes, type Range, type Spec, type Tensor } from './tensor.ts'

/** An open safetensors file. Only its header is in memory. */
export interface Safetensors {
  readonly name: string
  readonly metadata: ReadonlyMap<string, string>
  /** In the order of the header. */
  readonly tensors: ReadonlyMap<string, Spec>
  /**
   * A tensor, or rows (first axis) `[from, to)` of it, in one read of exactly those bytes. Throws InputError for a name
   * that is not there, a range that is not within the rows, and rows of a scalar.
   */
  read(name: string, rows?: Range): Promise<Tensor>
  /** Closes the source. */
  close(): Promise<void>
}

/**
 * Opens a safetensors file and takes over its source: `close` closes it, and so does a refusal. Everything that the
 * header says is checked here, before anything but the header is read. Throws InputError.
 */
export async function openSafetensors(source: ByteSource): Promise<Safetensors> {
  try {
    return await parse(source)
  } catch (error) {
    await source.close()
    throw error
  }
}

async function parse(source: ByteSource): Promise<Safetensors> {
  const { name, size } = source
  const length = headerLength(name, await source.read(0, prefixLength), size)
  const dataStart = prefixLength + length
  const { metadata, entries } = parseHeader(name, await source.read(prefixLength, length), size - dataStart)
  return {
    name,
    metadata,
    tensors: new Map([...entries].map(([tensor, { dtype, shape }]) => [tensor, { dtype, shape }])),
    async read(tensor, rows) {
      const where = `${name}: tensor ${excerpt(tensor)}`
      const entry = entries.get(tensor)
      if (entry === undefined) throw new InputError(`${where}: expected a tensor of this file, found none`)
      const { dtype, shape, begin, end } = rows === undefined ? entry : slice(entry, rows, where)
      return fromBytes(dtype, shape, await source.read(dataStart + begin, end - begin))
    },
    close: () => source.close(),
  }
}

/** The entry of some rows of a tensor. */
function slice({ dtype, shape, begin }: Entry, { from, to }: Range, where: string): Entry {
  if (shape.length === 0) throw new InputError(`${where}: expected a tensor with rows, found a scalar`)
  const [rows, ...row] = shape
  if (!(Number.isInteger(from) && Number.isInteger(to) && 0 <= from && from <= to && to <= rows)) {
    throw new InputError(`${where}: expected a range of its ${rows} rows, found [${from}, ${to})`)
  }
  const stride = elements(row) * byteWidth(dtype)
  return { dtype, shape: [to - from, ...row], begin: begin + from * stride, end: begin + to * stride }
}
