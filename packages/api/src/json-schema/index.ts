import type { Grammar } from '../grammar/grammar.ts'
import { productiveOf } from '../grammar/properties.ts'
import { Compilation } from './compilation.ts'
import { SchemaDocument } from './document.ts'
import type { SchemaOptions } from './limits.ts'
import { SchemaError } from './schema-error.ts'

export { Budget, type SchemaOptions } from './limits.ts'
export { SchemaError, type SchemaErrorKind } from './schema-error.ts'

/**
 * The JSON documents that a JSON Schema (2020-12; older drafts where `$schema` names them, or their words have but one meaning)
 * allows. Accepts only valid ones, and of every valid one at least what JSON.stringify writes with its declared properties in the
 * order of the schema. Throws SchemaError for what is no schema, cannot be enforced exactly, or allows nothing.
 */
export function jsonSchemaGrammar(schema: unknown, options: SchemaOptions = {}): Grammar {
  const document = new SchemaDocument(schema)
  const compilation = new Compilation(document, options)
  const grammar = compiled(compilation)
  if (productiveOf(grammar)({ kind: 'rule', name: grammar.start })) return grammar
  const { contradiction = 'it asks for a value within itself, without end' } = compilation
  throw new SchemaError(`no document satisfies it: ${contradiction}`, { at: '', keyword: null }, 'unsatisfiable')
}

function compiled(compilation: Compilation): Grammar {
  try {
    return compilation.grammar()
  } catch (error) {
    throw compilation.blamed(error)
  }
}
