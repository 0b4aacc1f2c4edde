import { difference, union } from '../grammar/automaton.ts'
import { compareDecimals, parseDecimal } from '../grammar/decimal.ts'
import { accepts, type Dfa } from '../grammar/dfa.ts'
import { choice, set, text, type Expression } from '../grammar/grammar.ts'
import type { Limits } from '../grammar/limit.ts'
import { numbers, type NumberRules } from '../grammar/numbers.ts'
import type { NumberFact } from './formula.ts'

/** All that is said of a number, put together. */
interface Rules {
  readonly rules: NumberRules
  /** Rules that are not satisfied. */
  readonly not: readonly NumberRules[]
  readonly among: readonly number[] | undefined
  readonly except: readonly number[]
}

/** Sets of numbers come again in many schemas, and are built by many steps. */
const built = new Map<string, Dfa>()
const mostBuilt = 500

function numberSet(rules: NumberRules, limits: Limits): Dfa {
  const key = JSON.stringify(rules)
  let dfa = built.get(key)
  if (dfa === undefined) {
    dfa = numbers(rules, 'any form', limits)
    if (built.size >= mostBuilt) built.clear()
    built.set(key, dfa)
  }
  return dfa
}

/** JSON texts of the numbers that satisfy all facts. */
export function numberExpression(facts: readonly NumberFact[], limits: Limits): Expression {
  const all = rulesOf(facts)
  if (all.among) {
    const dfa = hasRules(all) ? build(all, limits) : undefined
    const kept = all.among.map((value) => JSON.stringify(value)).filter((value) => !dfa || accepts(dfa, encode(value)))
    return choice(...kept.map(text))
  }
  return isPlainlyNone(facts) ? choice() : set(build(all, limits))
}

/** The only numbers that satisfy all facts, where they are named. */
export function namedNumbers(facts: readonly NumberFact[], limits: Limits): readonly number[] | undefined {
  const all = rulesOf(facts)
  const dfa = all.among && hasRules(all) ? build(all, limits) : undefined
  return all.among?.filter((value) => !dfa || accepts(dfa, encode(JSON.stringify(value))))
}

/** Whether no number satisfies all facts, as far as is seen by bounds and names alone. */
export function isPlainlyNone(facts: readonly NumberFact[]): boolean {
  if (facts.length < 2 || facts.some((fact) => fact.is === 'refused')) return false
  const { rules, among } = rulesOf(facts)
  if (among) return !among.some((value) => isWithin(String(value), rules))
  const low = rules.minimum ?? rules.exclusiveMinimum
  const ends = [rules.maximum, rules.exclusiveMaximum].filter((end) => end !== undefined)
  return low !== undefined && ends.length > 0 && !isWithinAny(rules)
}

/** Whether the interval has more than nothing; whether it has a multiple is not looked at. */
function isWithinAny(rules: NumberRules): boolean {
  const { minimum, exclusiveMinimum, maximum, exclusiveMaximum } = rules
  const lows = [minimum, exclusiveMinimum].filter((end) => end !== undefined)
  const highs = [maximum, exclusiveMaximum].filter((end) => end !== undefined)
  return lows.every((low) =>
    highs.every((high) => {
      const order = compare(low, high)
      return order < 0 || (order === 0 && low === minimum && high === maximum)
    }),
  )
}

function isWithin(value: string, { minimum, exclusiveMinimum, maximum, exclusiveMaximum }: NumberRules): boolean {
  return (
    (minimum === undefined || compare(value, minimum) >= 0) &&
    (exclusiveMinimum === undefined || compare(value, exclusiveMinimum) > 0) &&
    (maximum === undefined || compare(value, maximum) <= 0) &&
    (exclusiveMaximum === undefined || compare(value, exclusiveMaximum) < 0)
  )
}

function compare(a: string, b: string): number {
  return compareDecimals(parseDecimal(a), parseDecimal(b))
}

function hasRules({ rules, not }: Rules): boolean {
  return not.length > 0 || Object.keys(rules).length > 0
}

function encode(value: string): Uint8Array {
  return new TextEncoder().encode(value)
}

function rulesOf(facts: readonly NumberFact[]): Rules {
  let rules: NumberRules = {}
  const not: NumberRules[] = []
  const except = new Set<number>()
  let among: number[] | undefined
  for (const fact of facts) {
    if (fact.is === 'refused') throw fact.error
    if (fact.is === 'ruled') {
      if (fact.holds) rules = narrowed(rules, fact.rules)
      else not.push(fact.rules)
    } else if (fact.holds) among = [...fact.values].filter((value) => among?.includes(value) ?? true)
    else for (const value of fact.values) except.add(value)
  }
  return { rules, not, among: among?.filter((value) => !except.has(value)), except: among ? [] : [...except] }
}

/** Both rules: of bounds the narrower, and all divisors. */
function narrowed(a: NumberRules, b: NumberRules): NumberRules {
  const narrower = (x: string | undefined, y: string | undefined, side: number): string | undefined =>
    x === undefined ? y : y === undefined || compare(x, y) * side > 0 ? x : y
  const multipleOf = [...new Set([...(a.multipleOf ?? []), ...(b.multipleOf ?? [])])].sort()
  const all = {
    minimum: narrower(a.minimum, b.minimum, 1),
    exclusiveMinimum: narrower(a.exclusiveMinimum, b.exclusiveMinimum, 1),
    maximum: narrower(a.maximum, b.maximum, -1),
    exclusiveMaximum: narrower(a.exclusiveMaximum, b.exclusiveMaximum, -1),
    multipleOf: multipleOf.length > 0 ? multipleOf : undefined,
  }
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined))
}

function build({ rules, not, except }: Rules, limits: Limits): Dfa {
  const without = [...not, ...except.map((value): NumberRules => ({ minimum: String(value), maximum: String(value) }))]
  if (without.length === 0) return numberSet(rules, limits)
  const all = Object.keys(rules).length > 0 ? numberSet(rules, limits) : bySign(limits)
  return without.reduce((set, rules) => difference(set, numberSet(rules, limits), limits), all)
}

/** All numbers in those forms that rules tell apart. */
function bySign(limits: Limits): Dfa {
  const key = 'by sign'
  let dfa = built.get(key)
  if (dfa === undefined) {
    const [low, high] = [numberSet({ maximum: '0' }, limits), numberSet({ minimum: '0' }, limits)]
    built.set(key, (dfa = union(low, high, limits)))
  }
  return dfa
}
