import { Properties } from './regex-properties.ts'
import { RegexError } from './regex-syntax.ts'

/** A pattern and how far it is read. */
export class PatternReader {
  /** In UTF-16 units. */
  at = 0
  readonly properties = new Properties()
  readonly #pattern: string

  constructor(pattern: string) {
    this.#pattern = pattern
  }

  get isAtEnd(): boolean {
    return this.at >= this.#pattern.length
  }

  sees(text: string): boolean {
    return this.#pattern.startsWith(text, this.at)
  }

  /** Whether `text` comes next; reads it then. */
  take(text: string): boolean {
    const found = this.sees(text)
    if (found) this.at += text.length
    return found
  }

  /** Whether `regex`, which is sticky, matches here. */
  seesMatch(regex: RegExp): boolean {
    regex.lastIndex = this.at
    return regex.test(this.#pattern)
  }

  /** What matches here, read; `regex` is sticky. */
  match(regex: RegExp): RegExpExecArray | undefined {
    regex.lastIndex = this.at
    const found = regex.exec(this.#pattern)
    this.at += found?.[0].length ?? 0
    return found ?? undefined
  }

  /** The next code point. */
  next(): number {
    const point = this.#pattern.codePointAt(this.at)
    if (point === undefined) return this.fail('the pattern ends where a character was expected')
    this.at += point > 0xffff ? 2 : 1
    return point
  }

  fail(what: string): never {
    throw new RegexError(what, this.at)
  }
}
