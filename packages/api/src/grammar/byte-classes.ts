/** Bytes that an automaton does not tell apart, as one symbol. */
export interface ByteClasses {
  /** [256] the class of each byte. */
  readonly of: Uint8Array
  /** [classes] a byte of each class. */
  readonly bytes: Uint8Array
}

/** One class for all bytes that have the same key. */
export function byteClasses(keyOf: (byte: number) => string | number): ByteClasses {
  const classes = new Map<string | number, number>()
  const bytes: number[] = []
  const of = new Uint8Array(256)
  for (let byte = 0; byte < 256; byte++) {
    const key = keyOf(byte)
    if (!classes.has(key)) classes.set(key, bytes.push(byte) - 1)
    of[byte] = classes.get(key)!
  }
  return { of, bytes: Uint8Array.from(bytes) }
}

/** The classes that tell apart what any of the given tell apart, and besides each of `alone` from all others. */
export function refined(all: readonly ByteClasses[], alone = ''): ByteClasses {
  const singles = new Set(new TextEncoder().encode(alone))
  const first = byteClasses((byte) => (singles.has(byte) ? byte : -1))
  return all.reduce((a, b) => byteClasses((byte) => a.of[byte]! * 256 + b.of[byte]!), first)
}
