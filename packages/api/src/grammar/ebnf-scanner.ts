import { InputError } from '@tramontane/core'

/** Walks over the text of a grammar. Positions are UTF-16 units; what it reads are code points. */
export class EbnfScanner {
  readonly #text: string
  #at = 0

  constructor(text: string) {
    this.#text = text
  }

  get at(): number {
    return this.#at
  }

  get isAtEnd(): boolean {
    return this.#at === this.#text.length
  }

  /** What is next is this: it is read over. */
  take(expected: string): boolean {
    if (!this.#text.startsWith(expected, this.#at)) return false
    this.#at += expected.length
    return true
  }

  /** The match of a sticky pattern, read over; undefined where there is none. */
  match(pattern: RegExp): RegExpExecArray | undefined {
    pattern.lastIndex = this.#at
    const found = pattern.exec(this.#text) ?? undefined
    if (found) this.#at += found[0].length
    return found
  }

  /** Whether a sticky pattern matches what is next. */
  sees(pattern: RegExp): boolean {
    pattern.lastIndex = this.#at
    return pattern.test(this.#text)
  }

  /** White space and comments. */
  skip(): void {
    this.match(/(?:[ \t\r\n]|#[^\n]*)*/y)
  }

  character(expected: string): string {
    const point = this.#text.codePointAt(this.#at)
    if (point === undefined) return this.fail(expected)
    const character = String.fromCodePoint(point)
    this.#at += character.length
    return character
  }

  /** Throws InputError with line and column, of where it stands unless told. */
  fail(expected: string, at = this.#at): never {
    const found = at < this.#text.length ? JSON.stringify(String.fromCodePoint(this.#text.codePointAt(at)!)) : 'the end'
    this.failAt(`expected ${expected}, found ${found}`, at)
  }

  failAt(message: string, at: number): never {
    const before = this.#text.slice(0, at).split('\n')
    throw new InputError(`grammar, line ${before.length}, column ${[...before.at(-1)!].length + 1}: ${message}`)
  }
}
