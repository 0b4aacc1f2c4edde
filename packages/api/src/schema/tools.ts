import { z } from 'zod'
import { invalidRequestError } from '../errors.ts'
import { mustCall, type Tool, type ToolChoice, type ToolUse } from '../tools/tool.ts'
import { contradiction, unsupported } from './fault.ts'
import type { Limits } from './limits.ts'
import { objectOf } from './object.ts'
import type { GenerationSettings } from './requests.ts'

/** The most of one request. */
export const mostTools = {
  tools: 128,
  /** Of one message. */
  calls: 128,
  /** UTF-16 units of the JSON of all parameters together: compiling them takes time. */
  parameters: 2 ** 17,
}

export const functionName = z
  .string()
  .regex(/^[a-zA-Z0-9_-]{1,64}$/, { error: 'expected 1 to 64 of a-z, A-Z, 0-9, _ and -' })

/** The only type that is supported, of tools and of calls. */
export const functionType = z.literal('function', {
  error: ({ input }) => (input === undefined ? 'expected "function"' : unsupported('only "function" is')),
})

/** What says which functions a chat may call. */
export function toolFields(limits: Limits) {
  const object = objectOf(limits)
  const described = {
    name: functionName,
    description: z.string().nullish().meta({ description: 'For the model.' }),
    parameters: z
      .record(z.string(), z.unknown())
      .nullish()
      .meta({ description: 'JSON Schema of the arguments, an object; without it there are none.' }),
    strict: z.boolean().nullish().meta({ description: 'Enforced in either case.' }),
  }
  const tool = object({ type: functionType, function: object(described) })
  const named = object({ type: functionType, function: object({ name: functionName }) })
  const choice = z.union([named, z.enum(['none', 'auto', 'required'])], {
    error: 'expected "none", "auto", "required" or {"type": "function", "function": {"name": …}}',
  })
  return {
    tools: z.array(tool).max(mostTools.tools).nullish().meta({ description: 'Functions that the model may call.' }),
    tool_choice: choice.nullish().meta({ description: 'Whether it calls any; "auto" where there are tools.' }),
    parallel_tool_calls: z.boolean().nullish().meta({ description: 'More than one call is allowed.', default: true }),
  }
}

type Written = z.output<z.ZodObject<ReturnType<typeof toolFields>>>

/** Null where there are no tools. Throws ApiError 400 naming the field that contradicts another. */
export function toolUseOf(body: Written): ToolUse | null {
  const tools = (body.tools ?? []).map(toolOf)
  const choice = choiceOf(body)
  checkNames(tools)
  checkSize(tools)
  if (tools.length === 0 && choice === 'none') return null
  if (tools.length === 0) throw contradiction('tool_choice', "'tool_choice' is given, which needs 'tools'")
  if (typeof choice === 'object' && !tools.some(({ name }) => name === choice.name)) {
    const param = 'tool_choice.function.name'
    throw contradiction(param, `'${param}' is ${JSON.stringify(choice.name)}, expected the name of one of the 'tools'`)
  }
  return { tools, choice, parallel: body.parallel_tool_calls ?? true }
}

function toolOf({ function: { name, description, parameters } }: NonNullable<Written['tools']>[number]): Tool {
  return { name, ...(description != null && { description }), ...(parameters != null && { parameters }) }
}

function choiceOf({ tools, tool_choice: choice }: Written): ToolChoice {
  if (choice == null) return tools?.length ? 'auto' : 'none'
  return typeof choice === 'string' ? choice : { name: choice.function.name }
}

function checkNames(tools: readonly Tool[]): void {
  const known = new Set<string>()
  tools.forEach(({ name }, i) => {
    const param = `tools[${i}].function.name`
    if (known.has(name))
      throw contradiction(param, `'${param}' is ${JSON.stringify(name)}, which is another tool's name`)
    known.add(name)
  })
}

function checkSize(tools: readonly Tool[]): void {
  const size = tools.reduce((sum, { parameters }) => sum + JSON.stringify(parameters ?? {}).length, 0)
  if (size <= mostTools.parameters) return
  const message = `'tools' have parameters of ${size} characters, expected at most ${mostTools.parameters}`
  throw invalidRequestError(message, 'tools', 'invalid_value')
}

/** Calls end where they are complete: what would end them elsewhere, let them go on or be something else is not taken. */
export function checkEnds(use: ToolUse | null, { stop, stopTokenIds, ignoreEnd, format }: GenerationSettings): void {
  if (mustCall(use) && format !== null) {
    throw contradiction('tool_choice', "'tool_choice' asks for calls alone, which have no 'response_format'")
  }
  const ends = [
    ['stop', mustCall(use) && stop.length > 0],
    ['stop_token_ids', use !== null && stopTokenIds.length > 0],
    ['ignore_eos', use !== null && ignoreEnd],
  ] as const
  for (const [name, isGiven] of ends) {
    if (!isGiven) continue
    throw contradiction(name, `'${name}' is given with 'tools', whose calls end where they are complete`)
  }
}
