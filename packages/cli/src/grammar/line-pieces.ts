/** Of a line, without its end. */
export interface LinePiece {
  readonly bytes: Uint8Array
  /** The line ends behind it. */
  readonly isLast: boolean
}

const lineFeed = 0x0a
const carriageReturn = 0x0d

/**
 * Bytes as they come → pieces of lines, those of a chunk together: lines of any length, and any number of them, take no more
 * memory than a chunk. A line ends with \n or \r\n, the last one also with \r or nothing.
 */
export async function* linePieces(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<readonly LinePiece[]> {
  // Whether \r belongs to the line's end is known when the next byte is.
  let held: Uint8Array = nothing
  let isOpen = false
  for await (const chunk of chunks) {
    if (chunk.length === 0) continue
    const { pieces, rest } = split(held.length > 0 ? joined(held, chunk) : chunk)
    held = rest
    isOpen = chunk.at(-1) !== lineFeed
    yield pieces
  }
  if (isOpen) yield [{ bytes: nothing, isLast: true }]
}

const nothing = new Uint8Array(0)

/** `rest`: the \r at the end, if there is one. */
function split(bytes: Uint8Array): { pieces: readonly LinePiece[]; rest: Uint8Array } {
  const pieces: LinePiece[] = []
  let from = 0
  for (let to = bytes.indexOf(lineFeed); to >= 0; to = bytes.indexOf(lineFeed, from)) {
    const hasReturn = to > from && bytes[to - 1] === carriageReturn
    pieces.push({ bytes: bytes.subarray(from, hasReturn ? to - 1 : to), isLast: true })
    from = to + 1
  }
  const end = bytes.at(-1) === carriageReturn ? bytes.length - 1 : bytes.length
  if (end > from) pieces.push({ bytes: bytes.subarray(from, end), isLast: false })
  return { pieces, rest: bytes.subarray(end) }
}

function joined(a: Uint8Array, b: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(a.length + b.length)
  bytes.set(a)
  bytes.set(b, a.length)
  return bytes
}
