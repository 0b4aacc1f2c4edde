import type { Fields, Validator } from './capabilities.ts'
import { declared, type CheckContext } from './check.ts'
import { CheckFailure, type Found } from './found.ts'
import { isJsonBeginning } from './json-beginning.ts'

export const jsonObject: Fields = { response_format: { type: 'json_object' } }

/** Chat fields that ask for documents of a schema; whether it is one is the server's to say. */
export function schemaFields(schema: unknown): Fields {
  return { response_format: { type: 'json_schema', json_schema: { name: 'answer', strict: true, schema } } }
}

/** An answer that chance has a part in, the same again for the same number where the server has seeds. */
export function chance({ capabilities }: CheckContext, seed: number): Fields {
  return { temperature: 1, ...(capabilities.seed && { seed }) }
}

/** What the validator makes of a schema; one that it cannot read is the checks' own fault. */
export function validatorOf(context: CheckContext): Validator {
  return declared(context, 'validator')
}

/**
 * Throws CheckFailure unless the content is a document that is as `isRight` has it, or was cut off and is the beginning of one.
 * Returns whether it is whole.
 */
export function mustBeDocument(choice: Found, isRight: (document: unknown) => boolean, what: string): boolean {
  const content = choice.get('message.content')
  const reason = choice.get('finish_reason')
  reason.must(reason.value === 'stop' || reason.value === 'length', 'stop or length')
  if (reason.value === 'length') {
    content.must(content.absent || isJsonBeginning(content.string()), `the beginning of ${what}`)
    return false
  }
  content.must(isRight(parsed(content, what)), what)
  return true
}

/** The value of a text that must be JSON. */
export function parsed(text: Found, what = 'JSON'): unknown {
  try {
    return JSON.parse(text.string())
  } catch (error) {
    if (error instanceof CheckFailure) throw error
    return text.fail(what)
  }
}

export function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
