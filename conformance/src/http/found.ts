/** What a check found wrong. Its message says where, what was expected and what was found. */
export class CheckFailure extends Error {
  override readonly name = 'CheckFailure'

  constructor(where: string, expected: string, found: unknown) {
    super(`${where}: expected ${expected}, found ${shown(found)}`)
  }
}

/** The check cannot be made of this server: it is unsupported, not passed and not failed. */
export class NotApplicable extends Error {
  override readonly name = 'NotApplicable'
}

/** A value of a reply, and where it stood. Reading it as what it is not throws CheckFailure. */
export class Found {
  readonly where: string
  readonly value: unknown

  constructor(where: string, value: unknown) {
    this.where = where
    this.value = value
  }

  /** `choices[0].message`: undefined where there is no such field. */
  get(path: string): Found {
    const steps = path.split(/[.[\]]+/).filter((step) => step !== '')
    const value = steps.reduce<unknown>((inner, step) => (inner as Record<string, unknown> | null)?.[step], this.value)
    return new Found(`${this.where} ${path}`, value)
  }

  fail(expected: string): never {
    throw new CheckFailure(this.where, expected, this.value)
  }

  /** Throws unless it is so. */
  must(condition: boolean, expected: string): void {
    if (!condition) this.fail(expected)
  }

  is(expected: unknown): void {
    this.must(Object.is(this.value, expected), shown(expected))
  }

  get absent(): boolean {
    return this.value === undefined || this.value === null
  }

  string(): string {
    return typeof this.value === 'string' ? this.value : this.fail('a string')
  }

  number(): number {
    return typeof this.value === 'number' ? this.value : this.fail('a number')
  }

  /** A whole number from 0. */
  count(): number {
    const value = this.number()
    return Number.isSafeInteger(value) && value >= 0 ? value : this.fail('a whole number from 0')
  }

  list(): Found[] {
    if (!Array.isArray(this.value)) return this.fail('an array')
    return this.value.map((item: unknown, i) => new Found(`${this.where}[${i}]`, item))
  }

  record(): Record<string, unknown> {
    const { value } = this
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return this.fail('an object')
    return value as Record<string, unknown>
  }
}

/** A value as a person would write it, at most 200 characters of it. */
export function shown(value: unknown): string {
  const text = typeof value === 'number' || value === undefined ? String(value) : JSON.stringify(value)
  return text.length > 200 ? `${text.slice(0, 200)}… (${text.length} characters)` : text
}
