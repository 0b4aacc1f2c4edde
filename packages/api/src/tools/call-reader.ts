/** What comes next of a list of calls. */
export type CallPart =
  | { readonly index: number; readonly name: string }
  /** Whole characters of the arguments; all of one index joined are a JSON object. */
  | { readonly index: number; readonly arguments: string }

/** Where a reader is: names and arguments are known by the `"`, `:` and braces around them. */
type Place = 'list' | 'name key' | 'before name' | 'name' | 'arguments key' | 'before arguments' | 'arguments' | 'call'

const [quote, colon, backslash, opening, closing] = [0x22, 0x3a, 0x5c, 0x7b, 0x7d] as const

/** The byte that ends a place, where that is one alone, and what comes behind it. */
const signs = {
  list: opening,
  'name key': colon,
  'before name': quote,
  name: quote,
  'arguments key': colon,
  'before arguments': opening,
  call: closing,
} as const
const following: Readonly<Record<keyof typeof signs, Place>> = {
  list: 'name key',
  'name key': 'before name',
  'before name': 'name',
  name: 'arguments key',
  'arguments key': 'before arguments',
  'before arguments': 'arguments',
  call: 'list',
}

/**
 * Reads `[{"name": "N", "arguments": {…}}, …]` as its bytes come, and whatever stands around it without braces. The
 * grammar has seen to the form: nothing is checked here.
 */
export class CallReader {
  #place: Place = 'list'
  #index = -1
  #name = ''
  #decoder = new TextDecoder('utf-8', { ignoreBOM: true })
  /** Braces that are open in the arguments; whether a string is, and its next character is escaped. */
  #depth = 0
  #inString = false
  #escaped = false

  /** A call's name is known. */
  get hasBegun(): boolean {
    return this.#index >= 0
  }

  push(bytes: Uint8Array): CallPart[] {
    const parts: CallPart[] = []
    /** Where the arguments begin, of those under way. */
    let start = 0
    bytes.forEach((byte, at) => {
      if (this.#place !== 'arguments') {
        this.#step(byte, parts)
        start = at
      }
      if (this.#place !== 'arguments' || !this.#isLast(byte)) return
      this.#give(bytes.subarray(start, at + 1), parts)
      this.#place = 'call'
    })
    if (this.#place === 'arguments') this.#give(bytes.subarray(start), parts)
    return parts
  }

  #give(bytes: Uint8Array, parts: CallPart[]): void {
    const text = this.#decoder.decode(bytes, { stream: true })
    if (text !== '') parts.push({ index: this.#index, arguments: text })
  }

  /** Everything but arguments. */
  #step(byte: number, parts: CallPart[]): void {
    const place = this.#place
    if (place === 'arguments') return
    if (place === 'name' && byte !== quote) this.#name += String.fromCharCode(byte)
    if (byte !== signs[place]) return
    if (place === 'name') this.#begin(parts)
    this.#place = following[place]
  }

  #begin(parts: CallPart[]): void {
    this.#index++
    parts.push({ index: this.#index, name: this.#name })
    this.#name = ''
    this.#decoder = new TextDecoder('utf-8', { ignoreBOM: true })
  }

  /** Whether the byte ends the arguments. */
  #isLast(byte: number): boolean {
    if (this.#inString) {
      if (this.#escaped) this.#escaped = false
      else if (byte === backslash) this.#escaped = true
      else if (byte === quote) this.#inString = false
      return false
    }
    if (byte === quote) this.#inString = true
    if (byte === opening) this.#depth++
    return byte === closing && --this.#depth === 0
  }
}
