import { ofStrings, union } from '../grammar/automaton.ts'
import type { Dfa } from '../grammar/dfa.ts'
import { rule, type Expression } from '../grammar/grammar.ts'
import type { Alternative } from './alternatives.ts'
import { arrayRules } from './array-rules.ts'
import { arrayExpression } from './arrays.ts'
import { closedTypes, type, type OpenType } from './formula.ts'
import { namedNumbers, numberExpression } from './number-sets.ts'
import { objectRules } from './object-rules.ts'
import { objectExpression } from './objects.ts'
import { namedStrings, stringDfa, stringExpression } from './strings.ts'
import { bareFactsOn, factsOn, unevaluatedItems, unevaluatedMembers } from './unevaluated.ts'
import type { Values } from './values.ts'

/** The JSON texts of the values of one type that satisfy all facts. */
export function typedExpression(name: OpenType, facts: Alternative['facts'], values: Values): Expression {
  if (name === 'string') return stringExpression(bareFactsOn(facts, 'string'), values)
  if (name === 'number') return numberExpression(bareFactsOn(facts, 'number'), values.limits)
  if (name === 'array') {
    const rules = arrayRules(bareFactsOn(facts, 'array'), unevaluatedItems(factsOn(facts, 'array')))
    return factsOn(facts, 'array').length === 0 ? rule('array') : arrayExpression(rules, values)
  }
  const rules = objectRules(bareFactsOn(facts, 'object'), unevaluatedMembers(factsOn(facts, 'object')))
  return factsOn(facts, 'object').length === 0 ? rule('object') : objectExpression(rules, values)
}

/** The strings of all alternatives. */
export function stringsOf(alternatives: readonly Alternative[], values: Values): Dfa {
  return alternatives
    .filter(({ types }) => types & type.string)
    .map(({ facts }) => stringDfa(bareFactsOn(facts, 'string'), values))
    .reduce((all, one) => union(all, one, values.limits), ofStrings([]))
}

/** The JSON texts of all values, where they are named, and neither arrays nor objects. */
export function scalarsOf(alternatives: readonly Alternative[], values: Values): readonly string[] | undefined {
  const texts = new Set<string>()
  for (const { types, facts } of alternatives) {
    if (types & (type.array | type.object)) return undefined
    for (const name of closedTypes) if (types & type[name]) texts.add(name)
    const strings = types & type.string ? namedStrings(bareFactsOn(facts, 'string'), values) : []
    const numbers = types & type.number ? namedNumbers(bareFactsOn(facts, 'number'), values.limits) : []
    if (!strings || !numbers) return undefined
    for (const value of [...strings, ...numbers]) texts.add(JSON.stringify(value))
  }
  return [...texts]
}
