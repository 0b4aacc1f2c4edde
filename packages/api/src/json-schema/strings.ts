import {
  anyText,
  complement,
  difference,
  intersection,
  ofLength,
  ofStrings,
  tableOf,
  type TableDfa,
} from '../grammar/automaton.ts'
import { BoundedLength, lengthsOf } from '../grammar/bounded-length.ts'
import { CountedStrings } from '../grammar/counted-strings.ts'
import { accepts, type Dfa } from '../grammar/dfa.ts'
import { choice, set, text, type Expression } from '../grammar/grammar.ts'
import { jsonString } from '../grammar/json.ts'
import type { Limits } from '../grammar/limit.ts'
import { stringLiterals } from '../grammar/quoted-strings.ts'
import type { StringFact, TextSet } from './formula.ts'

/** Builds sets of strings, each but once. */
export interface TextSets {
  readonly limits: Limits
  dfa(set: TextSet): Dfa
}

/** All that is said of a string, put together. */
interface StringRules {
  readonly min: number
  readonly max: number
  /** The only values, where they are named. */
  readonly among: readonly string[] | undefined
  readonly except: readonly string[]
  readonly sets: readonly { readonly set: TextSet; readonly holds: boolean }[]
}

const utf8 = new TextEncoder()

/** JSON literals of the strings that satisfy all facts. */
export function stringExpression(facts: readonly StringFact[], sets: TextSets): Expression {
  const rules = rulesOf(facts, sets)
  if (rules.among) return choice(...rules.among.map((value) => text(JSON.stringify(value))))
  if (rules.min > rules.max) return choice()
  if (rules.sets.length > 0 || rules.except.length > 0) {
    const all = ofAnyLength(rules, sets)
    return set(stringLiterals(ofLengths(all, rules, sets.limits), sets.limits, all))
  }
  return set(
    rules.min === 0 && rules.max === Infinity ? jsonString : new CountedStrings('any escape', rules.min, rules.max),
  )
}

/** The strings themselves. */
export function stringDfa(facts: readonly StringFact[], sets: TextSets): Dfa {
  const rules = rulesOf(facts, sets)
  if (rules.among) return ofStrings(rules.among, sets.limits)
  return rules.min > rules.max ? ofStrings([]) : ofLengths(ofAnyLength(rules, sets), rules, sets.limits)
}

/** The only strings that satisfy all facts, where they are named. */
export function namedStrings(facts: readonly StringFact[], sets: TextSets): readonly string[] | undefined {
  return rulesOf(facts, sets).among
}

/** Whether no string satisfies all facts, as far as is seen without building much. */
export function isPlainlyNone(facts: readonly StringFact[], sets: TextSets): boolean {
  if (facts.length < 2) return false
  const rules = rulesOf(facts, sets)
  if (rules.among) return rules.among.length === 0
  if (rules.min > rules.max) return true
  return rules.sets.length > 1 && ofAnyLength(rules, sets).size === 0
}

function rulesOf(facts: readonly StringFact[], sets: TextSets): StringRules {
  const rules = { min: 0, max: Infinity, sets: [] as { set: TextSet; holds: boolean }[] }
  const named: ReadonlySet<string>[] = []
  const except = new Set<string>()
  for (const fact of facts) {
    if (fact.is === 'refused') throw fact.error
    if (fact.is === 'in') rules.sets.push(fact)
    else if (fact.is === 'length') {
      rules.min = Math.max(rules.min, fact.min)
      rules.max = Math.min(rules.max, fact.max)
    } else if (fact.holds) named.push(fact.values)
    else for (const value of fact.values) except.add(value)
  }
  const all = { ...rules, except: [...except], among: undefined }
  if (named.length === 0) return all
  const [first, ...others] = named
  const common = [...first!].filter((value) => others.every((values) => values.has(value)) && !except.has(value))
  return { ...all, except: [], among: common.filter((value) => isOne(value, all, sets)) }
}

function isOne(value: string, { min, max, sets }: StringRules, { dfa }: TextSets): boolean {
  if (min > 0 || max < Infinity) {
    const length = [...value].length
    if (length < min || length > max) return false
  }
  return sets.every(({ set, holds }) => accepts(dfa(set), utf8.encode(value)) === holds)
}

/** Those of the strings that are as long as they may be. */
function ofLengths(all: TableDfa, { min, max }: StringRules, limits: Limits): Dfa {
  if (all.size === 0 || (min === 0 && max === Infinity)) return all
  const lengths = lengthsOf(all)
  if (min <= lengths.min && max >= lengths.max) return all
  if (max < lengths.min) return ofStrings([])
  const needsTable = min > lengths.min || all.size * (max + 1) > mostUntabled
  return needsTable ? intersection(all, ofLength(min, max, limits), limits) : new BoundedLength(all, max)
}

/** Without a table states are not counted as they are made. */
const mostUntabled = 20_000

function ofAnyLength({ sets, except }: StringRules, { dfa, limits }: TextSets): TableDfa {
  const [first, ...others] = sets.filter(({ holds }) => holds).map(({ set }) => dfa(set))
  let all = others.reduce((all, other) => intersection(all, other, limits), first)
  const without = sets.filter(({ holds }) => !holds).map(({ set }) => dfa(set))
  if (except.length > 0) without.push(ofStrings(except, limits))
  for (const other of without) all = all ? difference(all, other, limits) : complement(other, limits)
  return tableOf(all ?? anyText(), limits)
}
