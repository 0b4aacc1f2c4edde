import type { Alternative } from './alternatives.ts'
import { arrayRules } from './array-rules.ts'
import { openTypes, type, type OpenType } from './formula.ts'
import { isPlainlyNone as isNoNumber } from './number-sets.ts'
import { memberLiterals, objectRules } from './object-rules.ts'
import { SchemaError } from './schema-error.ts'
import { isPlainlyNone as isNoString } from './strings.ts'
import { bareFactsOn, factsOn, unevaluatedItems, unevaluatedMembers } from './unevaluated.ts'
import type { Values } from './values.ts'

/**
 * The types that an alternative leaves, without those of which its facts contradict each other, as far as is easily seen: what is
 * left may still be none, but what is taken away is none for sure.
 */
export function livingTypes({ types, facts }: Alternative, values: Values): number {
  let living = types
  for (const name of openTypes) if (living & type[name] && isDead(name, facts, values)) living &= ~type[name]
  return living
}

function isDead(name: OpenType, facts: Alternative['facts'], values: Values): boolean {
  try {
    if (name === 'string') return isNoString(bareFactsOn(facts, 'string'), values)
    if (name === 'number') return isNoNumber(bareFactsOn(facts, 'number'))
    return name === 'array' ? isNoArray(facts, values) : isNoObject(facts, values)
  } catch (error) {
    // What cannot be enforced is said where it has to be.
    if (error instanceof SchemaError && error.kind !== 'too large') return false
    throw error
  }
}

/** Items looked at. */
const mostItems = 8

function isNoArray(facts: Alternative['facts'], values: Values): boolean {
  const placed = factsOn(facts, 'array')
  if (placed.length === 0) return false
  const { min, max, item } = arrayRules(
    placed.map(({ fact }) => fact),
    unevaluatedItems(placed),
  )
  if (min > max) return true
  return Array.from({ length: Math.min(min, mostItems) }, (_, i) => i).some((i) => values.isNone(item(i)))
}

function isNoObject(facts: Alternative['facts'], values: Values): boolean {
  const placed = factsOn(facts, 'object')
  if (placed.length === 0) return false
  const rules = objectRules(
    placed.map(({ fact }) => fact),
    unevaluatedMembers(placed),
  )
  if (rules.min > rules.max || rules.required.size > rules.max) return true
  return [...rules.required].some((name) => {
    const literals = memberLiterals(name, rules, values)
    return literals === undefined || values.isNone(literals)
  })
}
