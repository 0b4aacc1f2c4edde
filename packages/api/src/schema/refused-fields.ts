import { z } from 'zod'
import { unsupported } from './fault.ts'
import { parameters, type Kind, type Neutral } from './parameters.ts'

/**
 * Schemas of the fields that are refused: all but null and the values that ask for nothing. `parent` is what their names
 * begin with, such as `messages[].`. Nothing reads their values: the type has none of them.
 */
export function refusedFields(kind: Kind, parent = ''): object {
  const own = parameters.filter(({ of, name }) => of.includes(kind) && isOwn(name, parent))
  return Object.fromEntries(
    own.flatMap(({ name, neutral }) => (neutral ? [[name.slice(parent.length), refused(neutral)]] : [])),
  )
}

function isOwn(name: string, parent: string): boolean {
  return name.startsWith(parent) && /^\w+$/.test(name.slice(parent.length))
}

function refused(neutral: readonly Neutral[]): z.ZodType {
  return only(neutral).nullish().meta({ description: 'Not supported.' })
}

function only(neutral: readonly Neutral[]): z.ZodType {
  if (neutral.length === 0) return z.null({ error: unsupported() })
  const values = neutral.filter((value): value is Exclude<Neutral, readonly []> => !Array.isArray(value))
  if (values.length > 0) return z.literal(values, { error: unsupported(`only ${values.map(quoted).join(' and ')} is`) })
  return z.array(z.unknown(), { error: unsupported() }).max(0, { error: unsupported() })
}

function quoted(value: unknown): string {
  return JSON.stringify(value)
}
