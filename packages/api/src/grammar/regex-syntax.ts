import { InputError } from '@tramontane/core'
import type { CodePoints } from './code-points.ts'

/** A regular expression as a tree. What captures, and what is lazy, makes no difference to the set of strings. */
export type Regex =
  | { readonly kind: 'set'; readonly set: CodePoints }
  | { readonly kind: 'sequence'; readonly parts: readonly Regex[] }
  | { readonly kind: 'choice'; readonly options: readonly Regex[] }
  | { readonly kind: 'repeat'; readonly body: Regex; readonly min: number; readonly max: number }
  | { readonly kind: 'start' }
  | { readonly kind: 'end' }
  | { readonly kind: 'boundary'; readonly negated: boolean; readonly at: number }
  | Look

/** A lookahead or lookbehind. */
export interface Look {
  readonly kind: 'look'
  readonly ahead: boolean
  readonly negated: boolean
  readonly body: Regex
  /** Where it stands in the pattern. */
  readonly at: number
}

/** A pattern that is not one, or has a part that is not done here. */
export class RegexError extends InputError {
  override readonly name: string = 'RegexError'
  /** Where in the pattern, in UTF-16 units. */
  readonly at: number

  constructor(what: string, at: number) {
    super(`${what}, at position ${at} of the pattern`)
    this.at = at
  }
}
