import { InputError } from './errors.ts'

/** A JSON object of settings, none of which has been looked at. */
export type Json = { readonly [key: string]: unknown }

/** Text of a JSON object → the object. `name` is used in errors. Throws InputError for anything else. */
export function parseSettings(text: string, name: string): Json {
  try {
    return object(JSON.parse(text), name)
  } catch (cause) {
    if (cause instanceof InputError) throw cause
    throw new InputError(`${name}: not JSON: ${(cause as Error).message}`)
  }
}

export function object(value: unknown, where: string): Json {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Json
  throw new InputError(`${where}: expected an object, found ${shown(value)}`)
}

export function positive(value: unknown, where: string): number {
  if (typeof value === 'number' && Number.isFinite(value) && value > 0) return value
  throw new InputError(`${where}: expected a positive number, found ${shown(value)}`)
}

export function positiveInteger(value: unknown, where: string): number {
  if (Number.isSafeInteger(value) && (value as number) > 0) return value as number
  throw new InputError(`${where}: expected a positive integer, found ${shown(value)}`)
}

export function boolean(value: unknown, where: string): boolean {
  if (typeof value === 'boolean') return value
  throw new InputError(`${where}: expected true or false, found ${shown(value)}`)
}

/** One id, a list of ids, or null for none. */
export function tokenIds(value: unknown, where: string): number[] {
  const ids: unknown[] = value === null ? [] : Array.isArray(value) ? value : [value]
  if (ids.every((id) => Number.isSafeInteger(id) && (id as number) >= 0)) return ids as number[]
  throw new InputError(`${where}: expected token ids, found ${shown(value)}`)
}

/** A list of names; nothing is an empty one. */
export function names(value: unknown, where: string): readonly string[] {
  const list = value ?? []
  if (Array.isArray(list) && list.every((name) => typeof name === 'string')) return list
  throw new InputError(`${where}: expected a list of names, found ${shown(value)}`)
}

/** A value for an error message: short, and whatever its depth, which JSON.stringify cannot bear. */
export function shown(value: unknown): string {
  try {
    const text = JSON.stringify(value) ?? 'nothing'
    return text.length > 120 ? `${text.slice(0, 120)}…` : text
  } catch {
    return 'a deeply nested value'
  }
}
