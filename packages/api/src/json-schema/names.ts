import { anyText, complement, difference, intersection, ofStrings } from '../grammar/automaton.ts'
import { stringLiterals } from '../grammar/quoted-strings.ts'
import type { Dfa } from '../grammar/dfa.ts'
import type { Literal, Members, TextSet } from './formula.ts'
import { NamesBut } from './names-but.ts'
import type { Values } from './values.ts'

/** Names that nobody has said singly, and of whose values the same is asked. */
export interface NameClass {
  /** The names as JSON literals. */
  readonly literals: Dfa
  readonly value: readonly Literal[]
  /** Which of the sets asked for the names are in. */
  readonly within: ReadonlySet<string>
}

/** All names but some, in classes by the patterns that they match. */
export function nameClasses(
  members: readonly Members[],
  /** Told apart besides: what names are to satisfy somewhere. */
  others: readonly TextSet[],
  allowed: readonly Literal[],
  declared: readonly string[],
  values: Values,
): NameClass[] {
  const sets = new Map(
    [...members.flatMap(({ patterns }) => patterns.map(({ set }) => set)), ...others].map((set) => [set.key, set]),
  )
  const valueOf = (within: ReadonlySet<string>): Literal[] =>
    members.flatMap(({ patterns, rest }) => {
      const matching = patterns.filter(({ set }) => within.has(set.key))
      const literals = matching.length > 0 ? matching.map(({ literal }) => literal) : [rest]
      return literals.filter((literal) => literal !== null)
    })
  if (sets.size === 0 && allowed.length === 0) {
    const value = valueOf(new Set())
    return values.isNever(value) ? [] : [{ literals: new NamesBut(declared), value, within: new Set() }]
  }
  return partition([...sets.values()], allowed, declared, values, valueOf)
    .filter(({ value }) => !values.isNever(value))
    .map(({ names, ...rest }) => ({ ...rest, literals: stringLiterals(names, values.limits) }))
}

interface Part {
  readonly names: Dfa
  readonly within: ReadonlySet<string>
  readonly value: readonly Literal[]
}

const mostClasses = 256

function partition(
  sets: readonly TextSet[],
  allowed: readonly Literal[],
  declared: readonly string[],
  values: Values,
  valueOf: (within: ReadonlySet<string>) => readonly Literal[],
): Part[] {
  const { limits } = values
  const but = declared.length > 0 ? complement(ofStrings(declared, limits), limits) : anyText()
  const names = allowed.length > 0 ? intersection(but, values.strings(allowed), limits) : but
  let parts = [{ names: names as Dfa, within: new Set<string>() }]
  for (const set of sets) {
    const dfa = values.dfa(set)
    parts = parts.flatMap(({ names, within }) => [
      { names: intersection(names, dfa, limits), within: new Set([...within, set.key]) },
      { names: difference(names, dfa, limits), within },
    ])
    parts = parts.filter(({ names }) => names.size > 0)
    if (parts.length > mostClasses) throw values.tooLarge('too many patterns of property names overlap')
  }
  return parts.map((part) => ({ ...part, value: valueOf(part.within) }))
}
