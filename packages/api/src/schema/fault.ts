import type { z } from 'zod'
import { invalidRequestError, shortened, type ApiError } from '../errors.ts'

type Issue = z.core.$ZodIssue
type Path = readonly PropertyKey[]

const refusal = 'which is not supported'

/** The message of a schema for what is known but not done here. */
export function unsupported(instead?: string): string {
  return instead === undefined ? refusal : `${refusal}: ${instead}`
}

/**
 * What zod found wrong → one sentence about the first of it: where, what was found, what was expected. What is not supported
 * comes before all else, for other fields may look wrong only because of it: a message that calls a tool has no content.
 */
export function fault(issues: readonly Issue[], json: unknown): ApiError {
  const refused = issues.find(({ message }) => message.startsWith(refusal))
  const { issue, path } = deepest(refused ?? issues[0]!, [])
  if (issue.code === 'unrecognized_keys') {
    const param = shorten(paramOf([...path, issue.keys[0]!]))
    return invalidRequestError(`'${param}' is not a field that this server knows`, param, 'unknown_parameter')
  }
  const at = issue.code === 'invalid_key' ? path.slice(0, -1) : path
  const found = issue.code === 'invalid_key' ? `has the key ${shown(path.at(-1))}` : `is ${shown(valueAt(json, path))}`
  const where = at.length === 0 ? 'the body' : `'${paramOf(at)}'`
  return invalidRequestError(
    `${where} ${found}, ${issue.message}`,
    at.length === 0 ? null : paramOf(at),
    codeOf(issue, valueAt(json, path)),
  )
}

/** For rules between fields. */
export function contradiction(param: string, message: string): ApiError {
  return invalidRequestError(message, param, 'invalid_value')
}

/** Of a value that may take several forms, the first thing wrong with the form it seems to have. */
function deepest(issue: Issue, parent: Path): { issue: Issue; path: Path } {
  const path = [...parent, ...issue.path]
  if (issue.code !== 'invalid_union') return { issue, path }
  const branch = issue.errors.find((errors) => errors[0] !== undefined && !isOtherForm(errors[0]))
  return branch === undefined ? { issue, path } : deepest(branch[0]!, path)
}

/** The value, or its first item, is of another type altogether. */
function isOtherForm({ code, path }: Issue): boolean {
  return code === 'invalid_type' && (path.length === 0 || (path.length === 1 && path[0] === 0))
}

/** What zod asks for every issue whose schema brings no words of its own. */
export function expectation(issue: z.core.$ZodRawIssue): string {
  switch (issue.code) {
    case 'invalid_type':
      return `expected ${typeOf(issue)}`
    case 'too_small':
      return `expected ${issue.inclusive === false ? 'more than' : 'at least'} ${amount(issue.minimum, issue.origin)}`
    case 'too_big':
      return `expected ${issue.inclusive === false ? 'less than' : 'at most'} ${amount(issue.maximum, issue.origin)}`
    case 'invalid_value':
      return `expected ${oneOf(issue.values)}`
    case 'invalid_union':
      return `expected ${oneOf((issue as { options?: readonly unknown[] }).options ?? [])}`
    case 'invalid_key':
      return (issue.issues as readonly Issue[])[0]!.message
    default:
      return 'expected another value'
  }
}

function typeOf({ expected, input, inst }: z.core.$ZodRawIssue<z.core.$ZodIssueInvalidType>): string {
  if (expected === 'number' && typeof input === 'number') return 'a finite number'
  // zod looks for a number first, and then for an integer.
  const whole = expected === 'number' && inst !== undefined && 'format' in inst._zod.def
  return whole ? 'an integer' : (typeWords[expected] ?? expected)
}

const typeWords: Readonly<Record<string, string>> = {
  string: 'a string',
  number: 'a number',
  int: 'an integer',
  boolean: 'true or false',
  array: 'an array',
  object: 'an object',
  record: 'an object',
  null: 'null',
}

function amount(limit: number | bigint, origin: string): string {
  const unit = { string: 'character', array: 'item' }[origin]
  return unit === undefined ? String(limit) : `${limit} ${unit}${limit === 1 ? '' : 's'}`
}

function oneOf(values: readonly unknown[]): string {
  const words = values.map((value) => JSON.stringify(value))
  return words.length < 2 ? words.join() : `one of ${words.join(', ')}`
}

function codeOf(issue: Issue, found: unknown): string {
  if (issue.message.startsWith(refusal)) return issue.path.length > 1 ? 'unsupported_value' : 'unsupported_parameter'
  if (found === undefined) return 'missing_required_parameter'
  const typed = issue.code === 'invalid_type' || (issue.code === 'invalid_union' && issue.errors.length > 0)
  return typed ? 'invalid_type' : 'invalid_value'
}

/** `messages[0].role`, as OpenAI spells it. */
function paramOf(path: Path): string {
  return path
    .map((step, i) => (typeof step === 'number' ? `[${step}]` : `${i === 0 ? '' : '.'}${String(step)}`))
    .join('')
}

function shorten(name: string): string {
  return shortened(name).slice(1, -1)
}

function valueAt(json: unknown, path: Path): unknown {
  return path.reduce<unknown>((value, step) => (value as Record<PropertyKey, unknown> | undefined)?.[step], json)
}

/** A value as a person would call it, never much of it. */
export function shown(value: unknown): string {
  if (typeof value === 'string') return shortened(value, 40)
  if (Array.isArray(value)) return value.length === 1 ? 'an array of 1 item' : `an array of ${value.length} items`
  if (typeof value === 'object' && value !== null) return 'an object'
  if (typeof value === 'number' && !Number.isFinite(value)) return 'a number too large to be held'
  return value === undefined ? 'missing' : String(value)
}
