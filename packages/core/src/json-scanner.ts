import { InputError } from './errors.ts'

// A byte-order mark is a character of the string like any other.
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

const nestingLimit = 64

/** Far more digits than any number means; a pattern match over megabytes of them could exhaust its stack. */
const numberLimit = 400

/**
 * A strict pull parser of JSON (RFC 8259) over UTF-8 bytes: the caller asks for what the grammar of its file expects
 * next. Unlike JSON.parse it refuses duplicate keys and inexact integers, and says at which byte. Throws InputError.
 */
export class JsonScanner {
  readonly #source: string
  readonly #bytes: Uint8Array
  readonly #base: number
  #at = 0

  /** `base` is the file offset of the first byte, so that messages give positions in the file. */
  constructor(source: string, bytes: Uint8Array, base = 0) {
    this.#source = source
    this.#bytes = bytes
    this.#base = base
  }

  /** Calls `entry` at each value; it must take the value. A caller that keeps the keys anyway passes them as `seen`. */
  object(entry: (key: string) => void, seen?: { has(key: string): boolean }): void {
    this.#expect('{')
    if (this.#take('}')) return
    const own = seen === undefined ? new Set<string>() : undefined
    do {
      this.#skipSpace()
      const start = this.#at
      const key = this.string()
      if ((seen ?? own)!.has(key)) throw this.#error('a key not seen before', start)
      // No consumer of this data can then be led to an object's prototype.
      if (key === '__proto__') throw this.#error('a key other than "__proto__"', start)
      own?.add(key)
      this.#expect(':')
      entry(key)
    } while (this.#take(','))
    this.#expect('}')
  }

  /** Calls `item` at each value; it must take the value. */
  array(item: () => void): void {
    this.#expect('[')
    if (this.#take(']')) return
    do item()
    while (this.#take(','))
    this.#expect(']')
  }

  string(): string {
    this.#expect('"')
    const start = this.#at
    const escaped = this.#skipString()
    const text = this.#decode(start, this.#at - 1)
    return escaped ? this.#unescape(text, start) : text
  }

  /** A whole number from 0 to 2⁵³ − 1, written with digits alone. */
  integer(): number {
    const { text, start } = this.#number()
    const value = /^(0|[1-9][0-9]*)$/.test(text) ? Number(text) : NaN
    if (!Number.isSafeInteger(value)) throw this.#error('a whole number from 0 to 2^53 - 1, in digits alone', start)
    return value
  }

  integers(): number[] {
    const values: number[] = []
    this.array(() => values.push(this.integer()))
    return values
  }

  /** Passes over any value, as strictly as if it were wanted. */
  skip(depth = 0): void {
    if (depth > nestingLimit) throw this.#error(`values nested at most ${nestingLimit} deep`)
    this.#skipSpace()
    const first = String.fromCharCode(this.#bytes[this.#at] ?? 0)
    if (first === '{') this.object(() => this.skip(depth + 1))
    else if (first === '[') this.array(() => this.skip(depth + 1))
    else if (first === '"') this.string()
    else if (/[tfn]/.test(first)) this.#literal()
    else {
      const { text, start } = this.#number()
      if (!/^-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?$/.test(text)) throw this.#error('a value', start)
    }
  }

  /** The end of the text, after at most these white-space characters. */
  end(padding: string): void {
    while (this.#at < this.#bytes.length && padding.includes(String.fromCharCode(this.#bytes[this.#at]))) this.#at++
    if (this.#at < this.#bytes.length) throw this.#error('the end')
  }

  #take(char: string): boolean {
    this.#skipSpace()
    if (this.#bytes[this.#at] !== char.charCodeAt(0)) return false
    this.#at++
    return true
  }

  #expect(char: string): void {
    if (!this.#take(char)) throw this.#error(char)
  }

  #skipSpace(): void {
    for (;;) {
      const byte = this.#bytes[this.#at]
      if (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09) return
      this.#at++
    }
  }

  /** Moves past the closing quote; true when there are escapes on the way. */
  #skipString(): boolean {
    let escaped = false
    for (;;) {
      const byte = this.#bytes[this.#at]
      if (byte === undefined || byte < 0x20) throw this.#error('a closing quote')
      this.#at++
      if (byte === 0x22) return escaped
      if (byte === 0x5c) {
        escaped = true
        if (this.#at < this.#bytes.length) this.#at++
      }
    }
  }

  #decode(from: number, to: number): string {
    try {
      return decoder.decode(this.#bytes.subarray(from, to))
    } catch {
      throw this.#error('UTF-8', from)
    }
  }

  #unescape(text: string, start: number): string {
    let value: string
    try {
      value = JSON.parse(`"${text}"`) as string
    } catch {
      throw this.#error('a string with valid escapes', start)
    }
    if (/\p{Surrogate}/u.test(value)) throw this.#error('a string without half of a surrogate pair', start)
    return value
  }

  #number(): { text: string; start: number } {
    this.#skipSpace()
    const start = this.#at
    while (this.#at < this.#bytes.length && isNumeric(this.#bytes[this.#at])) this.#at++
    if (this.#at - start > numberLimit) throw this.#error(`a number of at most ${numberLimit} characters`, start)
    return { text: this.#decode(start, this.#at), start }
  }

  #literal(): void {
    const start = this.#at
    while (this.#bytes[this.#at] >= 0x61 && this.#bytes[this.#at] <= 0x7a) this.#at++
    if (!/^(true|false|null)$/.test(this.#decode(start, this.#at))) throw this.#error('a value', start)
  }

  #error(expected: string, at = this.#at): InputError {
    const found = this.#bytes.subarray(at, at + 24)
    const shown = found.length === 0 ? 'the end' : excerpt(String.fromCharCode(...found))
    return new InputError(`${this.#source}: expected ${expected} at byte ${this.#base + at}, found ${shown}`)
  }
}

/** A name or text from a file, quoted for a message and cut to a length that a message can bear. */
export function excerpt(text: string): string {
  return JSON.stringify(text.length > 120 ? `${text.slice(0, 120)}…` : text)
}

/** One of 0-9 + - . e E */
function isNumeric(byte: number): boolean {
  return (
    (byte >= 0x30 && byte <= 0x39) || byte === 0x2b || byte === 0x2d || byte === 0x2e || byte === 0x65 || byte === 0x45
  )
}
