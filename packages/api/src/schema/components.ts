import { z } from 'zod'
import { withDefaults, type RequestLimits } from './limits.ts'
import { requestSchemas } from './request-schemas.ts'
import * as responses from './responses.ts'

/** A JSON Schema, or a piece of an OpenAPI document. */
export type Json = Readonly<Record<string, unknown>>

const replies = {
  ChatCompletion: responses.chatCompletion,
  ChatCompletionChunk: responses.chatCompletionChunk,
  Completion: responses.completion,
  CompletionChunk: responses.completionChunk,
  Detokenized: responses.detokenized,
  Error: responses.errorBody,
  Health: responses.health,
  Logprobs: responses.logprobs,
  Model: responses.model,
  ModelList: responses.modelList,
  Tokenized: responses.tokenized,
  Usage: responses.usage,
}

/** JSON Schemas of what is asked and answered, by name: made of the same schemas that check requests. */
export function components(limits: RequestLimits, models?: readonly string[]): Readonly<Record<string, Json>> {
  const requests = requestSchemas(withDefaults(limits), models)
  const named = z.registry<{ id: string }>()
  for (const [id, schema] of Object.entries(replies)) named.add(schema, { id })
  named.add(requests.chat, { id: 'ChatRequest' })
  named.add(requests.completions, { id: 'CompletionRequest' })
  named.add(requests.tokenizePrompt, { id: 'TokenizeText' })
  named.add(requests.tokenizeMessages, { id: 'TokenizeMessages' })
  named.add(requests.detokenize, { id: 'DetokenizeRequest' })
  // "input" leaves objects open: a reply may have more fields one day, and unknown ones of a request are ignored.
  const { schemas } = z.toJSONSchema(named, { io: 'input', uri: (id) => reference(id).$ref })
  return Object.fromEntries(Object.entries(schemas).map(([id, schema]) => [id, embedded(schema)]))
}

/** A reference to the schema of that name. */
export function reference(name: string): { $ref: string } {
  return { $ref: `#/components/schemas/${name}` }
}

/** Inside a document a schema needs neither a dialect nor a name of its own. */
function embedded({ $schema, $id, ...schema }: Json): Json {
  void [$schema, $id]
  return schema
}
