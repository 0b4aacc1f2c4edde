import { InputError } from '@tramontane/core'

/**
 * - `invalid`: not a JSON Schema
 * - `unsupported`: a schema, but it cannot be enforced exactly
 * - `unsatisfiable`: no document is valid
 * - `too large`: beyond the limits of size or work
 */
export type SchemaErrorKind = 'invalid' | 'unsupported' | 'unsatisfiable' | 'too large'

/** Where in a schema something is wrong. */
export interface SchemaPlace {
  /** A JSON pointer into the schema; the empty one is the root. */
  readonly at: string
  readonly keyword: string | null
}

/** A schema that no grammar is made of. */
export class SchemaError extends InputError {
  override readonly name: string = 'SchemaError'
  readonly at: string
  readonly keyword: string | null
  readonly kind: SchemaErrorKind

  constructor(what: string, { at, keyword }: SchemaPlace, kind: SchemaErrorKind) {
    const where = at === '' ? 'at the root' : `at "${at.length > 200 ? `${at.slice(0, 200)}…` : at}"`
    super(`schema${keyword === null ? '' : `, "${keyword}"`} ${where}: ${what}`)
    this.at = at
    this.keyword = keyword
    this.kind = kind
  }
}

export function invalid(what: string, place: SchemaPlace): SchemaError {
  return new SchemaError(what, place, 'invalid')
}

export function unsupported(what: string, place: SchemaPlace): SchemaError {
  return new SchemaError(what, place, 'unsupported')
}
