import { choice, optional, repeat, sequence, text, type Expression } from '../grammar/grammar.ts'
import { mostPositions, type ArrayRules } from './array-rules.ts'
import { countedItems } from './counted-items.ts'
import { distinctItems } from './distinct-items.ts'
import { nothing } from './tokens.ts'
import type { Values } from './values.ts'

/** Counts in a grammar go so far. */
const mostItems = 1_000_000

/** The JSON texts of arrays. */
export function arrayExpression(rules: ArrayRules, values: Values): Expression {
  const inside = (items: Expression): Expression => sequence(values.tokens.openArray, items, text(']'))
  if (rules.min > rules.max) return choice()
  if (rules.contains.length > 0 || rules.unevaluated.length > 0) return inside(countedItems(rules, values))
  if (rules.unique !== undefined && rules.max > 1) return inside(distinctItems(rules, rules.unique, values))
  return inside(listed(rules, values))
}

/** Items one after the other: by position first, then alike. */
function listed({ item, positions, min, max }: ArrayRules, values: Values): Expression {
  const apart = Math.min(positions, max)
  const { comma, space } = values.tokens
  if (apart > mostPositions || Math.min(min, mostItems + 1) > mostItems || (max > mostItems && max < Infinity))
    throw values.tooLarge(`expected counts up to ${mostItems} and at most ${mostPositions} items of their own`)
  const value = (position: number): Expression =>
    sequence(...(position === 0 ? [] : [comma]), values.value(item(position)))
  const end = (position: number): Expression[] => (position === 0 ? [space] : [])
  const after = (position: number): Expression => {
    const [least, most] = [Math.max(0, min - position), max - position]
    if (position > 0) return repeat(value(position), least, most === Infinity ? null : most)
    const others = repeat(value(1), Math.max(0, least - 1), most === Infinity ? null : most - 1)
    const all = sequence(value(0), others, space)
    return least === 0 ? optional(all) : all
  }
  let rest = apart < max ? after(apart) : nothing
  for (let position = apart - 1; position >= 0; position--) {
    const all = sequence(value(position), rest, ...end(position))
    // As a rule of its own each, what may be left out is not nested.
    rest = position < min ? all : optional(values.rule(all))
  }
  return rest
}
