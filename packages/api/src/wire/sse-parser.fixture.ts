/**
 * What a client makes of an event stream, by the WHATWG HTML standard (§9.2.6), from bytes in any pieces: the data of each
 * event, and its comments.
 */
export function parseSse(pieces: Iterable<Uint8Array>): { data: string[]; comments: string[] } {
  const decoder = new TextDecoder()
  let text = ''
  for (const piece of pieces) text += decoder.decode(piece, { stream: true })
  const lines = (text + decoder.decode()).split(/\r\n|\n|\r/)
  const data: string[] = []
  const comments: string[] = []
  let event: string[] = []
  for (const line of lines) {
    const field = line.split(':', 1)[0]!
    const value = line.slice(field.length + 1).replace(/^ /, '')
    if (line === '' && event.length > 0) data.push(event.join('\n'))
    if (line === '') event = []
    else if (line.startsWith(':')) comments.push(value)
    else if (field === 'data') event.push(value)
  }
  return { data, comments }
}

/** Joins bytes and cuts them elsewhere. */
export function recut(pieces: readonly Uint8Array[], lengths: readonly number[]): Uint8Array[] {
  const all = Buffer.concat(pieces)
  const cut: Uint8Array[] = []
  for (let at = 0, i = 0; at < all.length; i++) {
    const length = lengths[i % lengths.length]!
    cut.push(all.subarray(at, at + length))
    at += length
  }
  return cut
}

export async function readAll(stream: ReadableStream<Uint8Array>): Promise<Uint8Array[]> {
  const pieces: Uint8Array[] = []
  const reader = stream.getReader()
  for (let read = await reader.read(); !read.done; read = await reader.read()) pieces.push(read.value)
  return pieces
}
