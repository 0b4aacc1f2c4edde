import { z } from 'zod'
import type { Format } from '../structure/format.ts'
import type { Limits } from './limits.ts'
import { objectOf } from './object.ts'

/** Characters of a regular expression or a grammar. */
const longest = 2 ** 16

/**
 * `response_format`. A schema is enforced whether it is `strict` or not, also where it comes with `json_object`, as some servers
 * take it.
 */
export function responseFormat(limits: Limits) {
  const object = objectOf(limits)
  const schema = jsonSchema('A JSON Schema, of draft 2020-12 unless it says otherwise.')
  const named = {
    name: z
      .string()
      .regex(/^[\w-]{1,64}$/, { error: 'expected 1 to 64 of a-z, A-Z, 0-9, _ and -' })
      .nullish(),
    description: z.string().nullish(),
    strict: z.boolean().nullish().meta({ description: 'Enforced in either case.' }),
  }
  const text = z.string().min(1).max(longest)
  return z.discriminatedUnion('type', [
    object({ type: z.literal('text') }),
    object({ type: z.literal('json_object'), schema: schema.nullish() }),
    object({ type: z.literal('json_schema'), json_schema: object({ ...named, schema }) }),
    object({ type: z.literal('regex'), regex: text.meta({ description: 'ECMA-262; the whole answer matches.' }) }),
    object({ type: z.literal('grammar'), grammar: text.meta({ description: 'EBNF, its first rule is root.' }) }),
  ])
}

/** Any object or boolean, as it was written: whether it is a schema is for its compiler to say. */
export function jsonSchema(description: string) {
  return z
    .union([z.record(z.string(), z.unknown()), z.boolean()], { error: 'expected a JSON Schema, an object' })
    .meta({ description })
}

type Written = z.output<ReturnType<typeof responseFormat>> | null | undefined

/** Null for any text. */
export function formatOf(written: Written): Format | null {
  switch (written?.type) {
    case 'json_object':
      return written.schema == null ? { type: 'json_object' } : { type: 'json_schema', schema: written.schema }
    case 'json_schema':
      return { type: 'json_schema', schema: written.json_schema.schema }
    case 'regex':
    case 'grammar':
      return written
    default:
      return null
  }
}
