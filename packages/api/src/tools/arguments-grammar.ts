import { InputError } from '@tramontane/core'
import { compile } from '../grammar/compile.ts'
import type { Grammar } from '../grammar/grammar.ts'
import { Pushdown } from '../grammar/pushdown.ts'
import { Budget, jsonSchemaGrammar } from '../json-schema/index.ts'
import { noParameters, type Tool } from './tool.ts'

/** The arguments that a tool takes: what its schema allows of objects. `budget`: what schemas may cost. Throws InputError for a schema that is refused. */
export function argumentsGrammar({ parameters = noParameters }: Tool, budget = new Budget()): Grammar {
  const grammar = jsonSchemaGrammar(ofObjects(parameters), { budget })
  // In older drafts what stands beside a reference counts for nothing.
  if ('$ref' in parameters && !isOfObjects(grammar))
    throw new InputError('"$ref" at the root: expected a schema of objects, for arguments are one')
  return grammar
}

function isOfObjects(grammar: Grammar): boolean {
  const automaton = new Pushdown(compile(grammar))
  return automaton.bytesFrom(automaton.start).every((byte) => byte === 0x7b)
}

/** The schema stays the root, for pointers in it count from there. */
function ofObjects(schema: object): object {
  const { type } = schema as { readonly type?: unknown }
  if (type === undefined || (Array.isArray(type) && type.includes('object'))) return { ...schema, type: 'object' }
  if (type === 'object') return schema
  throw new InputError(`at "/type": ${JSON.stringify(type)}, expected "object", for arguments are one`)
}
