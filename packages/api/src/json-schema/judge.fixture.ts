import addFormats from 'ajv-formats'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { expect } from 'vitest'
import { compile } from '../grammar/compile.ts'
import { Pushdown } from '../grammar/pushdown.ts'
import { accepts } from '../grammar/run.fixture.ts'
import { jsonSchemaGrammar, SchemaError } from './index.ts'

/** Whether the grammar of a schema accepts a document, given as text. */
export function acceptor(schema: unknown): (document: string) => boolean {
  const automaton = new Pushdown(compile(jsonSchemaGrammar(schema)))
  return (document) => accepts(automaton, document)
}

/** Expects that exactly those values are accepted, in JSON.stringify's form, that ajv finds valid; of both there must be some. */
export function expectAsAjv(schema: object | boolean, values: readonly unknown[]): void {
  const ajv = new Ajv2020({ strict: false })
  addFormats.default(ajv)
  const validate = ajv.compile(schema)
  const accepted = acceptor(schema)
  const verdicts = (is: (value: unknown) => boolean): string[] =>
    values.map((value) => `${JSON.stringify(value)} ${is(value) ? 'valid' : 'invalid'}`)
  const expected = verdicts((value) => validate(value))
  expect(verdicts((value) => accepted(JSON.stringify(value)))).toEqual(expected)
  for (const verdict of [' valid', ' invalid']) expect(expected.filter((one) => one.endsWith(verdict))).not.toEqual([])
}

/** The error that a schema is refused with. */
export function refusal(schema: unknown): SchemaError {
  try {
    jsonSchemaGrammar(schema)
  } catch (error) {
    if (error instanceof SchemaError) return error
    throw error
  }
  throw new Error('the schema is not refused')
}
