import type { Fields } from './capabilities.ts'
import type { CheckContext } from './check.ts'
import type { Found } from './found.ts'
import { record } from './schemas/schema.ts'
import { isJsonBeginning } from './json-beginning.ts'
import { parsed } from './structured.ts'

/** Functions whose arguments are short, whatever a model says. */
export const parameters: Readonly<Record<string, Fields>> = {
  weather: record({ city: { enum: ['Paris', 'Löwen', 'a "b"'] }, days: { type: 'integer', minimum: 1, maximum: 3 } }),
  paint: { ...record({ colour: { enum: ['red', 'green'] }, wet: { type: 'boolean' } }), required: ['colour'] },
}

export function tool(name: string, schema: Fields): Fields {
  return { type: 'function', function: { name, description: `Does ${name}.`, parameters: schema } }
}

export const tools: readonly Fields[] = Object.entries(parameters).map(([name, schema]) => tool(name, schema))

/** Chat fields: the functions, a choice among them, and room for several calls. */
export function calling(tool_choice: unknown, more: Fields = {}): Fields {
  return { tools, tool_choice, max_tokens: 200, ...more }
}

export const named = (name: string): Fields => ({ type: 'function', function: { name } })

/** A call of a plain reply. */
export interface Call {
  readonly id: string
  readonly name: string
  readonly arguments: string
}

/** The calls of a choice's message; none where it has no such field. */
export function callsOf(choice: Found): Call[] {
  const calls = choice.get('message.tool_calls')
  if (calls.absent) return []
  calls.must(calls.list().length > 0, 'calls, or no such field')
  return calls.list().map((call) => {
    call.get('type').is('function')
    const [id, name] = [call.get('id'), call.get('function.name')]
    id.must(id.string() !== '', 'an id')
    return { id: id.string(), name: name.string(), arguments: call.get('function.arguments').string() }
  })
}

/**
 * Throws CheckFailure unless all calls are of known functions, with arguments as their schemas have it; the last call's may be cut
 * off where the answer was. Returns the calls, and whether they are whole.
 */
export function mustCallRight({ capabilities }: CheckContext, choice: Found): { calls: Call[]; whole: boolean } {
  const calls = callsOf(choice)
  const reason = choice.get('finish_reason')
  reason.must(['tool_calls', 'stop', 'length'].includes(reason.value as string), 'tool_calls, stop or length')
  const whole = reason.value !== 'length'
  for (const [i, call] of calls.entries()) {
    const at = choice.get(`message.tool_calls[${i}].function`)
    const schema = parameters[call.name]
    if (schema === undefined) return at.get('name').fail(`one of ${Object.keys(parameters).join(', ')}`)
    const args = at.get('arguments')
    if (!whole && i === calls.length - 1) args.must(isJsonBeginning(call.arguments), 'the beginning of a JSON object')
    else args.must(capabilities.validator?.(schema)(parsed(args)) ?? true, `what the parameters of ${call.name} allow`)
  }
  return { calls, whole }
}
