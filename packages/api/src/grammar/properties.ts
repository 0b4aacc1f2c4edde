import { partsOf, type Expression, type Grammar } from './grammar.ts'
import { hasNext } from './program.ts'

export type Property = (expression: Expression) => boolean

/** Decides a property of an expression, where it is known of its parts and of the rules it names. */
type Definition = (expression: Expression, of: Property) => boolean

export interface Properties {
  /** Derives a byte string at all. */
  readonly productive: Property
  /** Derives the empty one. */
  readonly nullable: Property
  /** Derives one that is not empty. */
  readonly nonempty: Property
}

/** Whether an expression derives a byte string at all. */
export function productiveOf(grammar: Grammar): Property {
  return leastFixpoint(grammar, (expression, of) => {
    if (expression.kind === 'bytes') return true
    if (expression.kind === 'set')
      return expression.dfa.size > 0 && (expression.dfa.isFinal(0) || hasNext(expression.dfa, 0))
    if (expression.kind === 'repeat') return expression.min === 0 || of(expression.part)
    return composed(expression, of)
  })
}

export function propertiesOf(grammar: Grammar): Properties {
  const productive = productiveOf(grammar)
  const nullable = leastFixpoint(grammar, (expression, of) => {
    if (expression.kind === 'bytes') return expression.bytes.length === 0
    if (expression.kind === 'set') return expression.dfa.size > 0 && expression.dfa.isFinal(0)
    if (expression.kind === 'repeat') return expression.min === 0 || of(expression.part)
    return composed(expression, of)
  })
  const nonempty = leastFixpoint(grammar, (expression, of) => {
    if (expression.kind === 'bytes') return expression.bytes.length > 0
    if (expression.kind === 'set') return expression.dfa.size > 0 && hasNext(expression.dfa, 0)
    if (expression.kind === 'repeat') return expression.max !== 0 && of(expression.part)
    if (expression.kind === 'sequence') return expression.parts.every(productive) && expression.parts.some(of)
    return composed(expression, of)
  })
  return { productive, nullable, nonempty }
}

/** A sequence needs all of its parts, a choice one; a rule is what it derives. */
function composed(expression: Expression, of: Property): boolean {
  if (expression.kind === 'rule') return of(expression)
  return expression.kind === 'sequence' ? partsOf(expression).every(of) : partsOf(expression).some(of)
}

/** The property that holds of nothing but what its definition forces it to hold of. */
function leastFixpoint({ rules }: Grammar, definition: Definition): Property {
  const holding = new Set<string>()
  const ofNow = (expression: Expression): boolean =>
    expression.kind === 'rule' ? holding.has(expression.name) : definition(expression, ofNow)
  const names = [...rules.keys()]
  const hold = (name: string): boolean => {
    if (holding.has(name) || !ofNow(rules.get(name)!)) return false
    holding.add(name)
    return true
  }
  // Rules mostly name those behind them: from the back, most is known after a sweep or two.
  let sweeps = 0
  const sweep = (): boolean => names.reduceRight((changed, name) => hold(name) || changed, false)
  while (sweeps < mostSweeps && sweep()) sweeps++
  if (sweeps === mostSweeps) {
    const users = usersOf(rules)
    const open = new Set(names)
    // A set gives what is added to it while it is read: a rule is looked at again when one that it names has come to hold.
    for (const name of open) {
      open.delete(name)
      if (hold(name)) for (const user of users.get(name) ?? []) open.add(user)
    }
  }
  // Asked of an expression and of all its parts: without a memory, time would be the square of the depth.
  const known = new Map<Expression, boolean>()
  const of: Property = (expression) => {
    if (expression.kind === 'rule') return holding.has(expression.name)
    if (expression.kind === 'bytes') return definition(expression, of)
    let holds = known.get(expression)
    if (holds === undefined) known.set(expression, (holds = definition(expression, of)))
    return holds
  }
  return of
}

/** After so many it is quicker to look at those rules alone that may have changed. */
const mostSweeps = 3

function usersOf(rules: Grammar['rules']): Map<string, Set<string>> {
  const users = new Map<string, Set<string>>()
  for (const [user, expression] of rules) {
    const open = [expression]
    for (let at = open.pop(); at !== undefined; at = open.pop()) {
      for (const part of partsOf(at)) if (part.kind !== 'bytes') open.push(part)
      if (at.kind !== 'rule') continue
      const known = users.get(at.name)
      if (known) known.add(user)
      else users.set(at.name, new Set([user]))
    }
  }
  return users
}
