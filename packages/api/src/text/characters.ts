/** A character and where it ends, in bytes from the start. */
export type Found = (point: number, end: number) => void

/** U+FFFD, which stands for bytes that are no UTF-8. */
const replacement = 0xfffd

/**
 * Where characters end in a stream of UTF-8, by the decoder of the WHATWG Encoding standard (§8.1.1), which is TextDecoder's:
 * a longest run of bytes that begins a character and does not go on with it is one U+FFFD.
 */
export class Characters {
  /** Bytes taken. */
  length = 0
  /** Bytes still to come of the character under way, and what it is so far. */
  #missing = 0
  #point = 0
  /** Values that the next byte may have. */
  #lower = 0x80
  #upper = 0xbf

  push(bytes: Uint8Array, found: Found): void {
    for (const byte of bytes) {
      if (this.#missing > 0) this.#goOn(byte, found)
      else this.#begin(byte, found)
      this.length++
    }
  }

  #goOn(byte: number, found: Found): void {
    const belongs = byte >= this.#lower && byte <= this.#upper
    this.#lower = 0x80
    this.#upper = 0xbf
    if (!belongs) {
      this.#missing = 0
      found(replacement, this.length)
      return this.#begin(byte, found)
    }
    this.#point = (this.#point << 6) | (byte & 0x3f)
    if (--this.#missing === 0) found(this.#point, this.length + 1)
  }

  #begin(byte: number, found: Found): void {
    if (byte < 0x80) return found(byte, this.length + 1)
    if (byte < 0xc2 || byte > 0xf4) return found(replacement, this.length + 1)
    this.#missing = byte < 0xe0 ? 1 : byte < 0xf0 ? 2 : 3
    this.#point = byte & (0x3f >> this.#missing)
    // No overlong forms, no surrogates, nothing above U+10FFFF.
    if (byte === 0xe0) this.#lower = 0xa0
    if (byte === 0xed) this.#upper = 0x9f
    if (byte === 0xf0) this.#lower = 0x90
    if (byte === 0xf4) this.#upper = 0x8f
  }
}
