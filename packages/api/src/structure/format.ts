import { ebnf } from '../grammar/ebnf.ts'
import type { Grammar } from '../grammar/grammar.ts'
import { jsonGrammar } from '../grammar/json.ts'
import { regexGrammar } from '../grammar/regex-grammar.ts'
import { jsonSchemaGrammar } from '../json-schema/index.ts'

/** What an answer has to be, where it is not any text. */
export type Format =
  | { readonly type: 'json_object' }
  | { readonly type: 'json_schema'; readonly schema: unknown }
  /** The whole answer matches, from its first character to its last. */
  | { readonly type: 'regex'; readonly regex: string }
  /** EBNF; see docs/guide/structured-output.md. */
  | { readonly type: 'grammar'; readonly grammar: string }

/** The answers that a format allows. Throws InputError where it is none, or cannot be enforced exactly. */
export function grammarOf(format: Format): Grammar {
  switch (format.type) {
    case 'json_object':
      return { ...jsonGrammar(), start: 'object' }
    case 'json_schema':
      return jsonSchemaGrammar(format.schema)
    case 'regex':
      return regexGrammar(format.regex)
    case 'grammar':
      return ebnf(format.grammar)
  }
}
