import { anyType, type Fact, type Formula, type Literal } from './formula.ts'
import { unsupported } from './schema-error.ts'
import { isWithinItself, type Trail } from './trail.ts'
import { isConstant } from './constants.ts'

/** One way to satisfy schemas: facts that all hold, and the types that they leave. */
export interface Alternative {
  readonly types: number
  readonly facts: readonly PlacedFact[]
}

export interface PlacedFact {
  readonly fact: Exclude<Fact, { on: 'types' }>
  /** Ids of the schemas with `unevaluated…` to which what it evaluates counts. */
  readonly scopes: readonly number[]
  /** Sorts facts as their schemas are written down. */
  readonly path: string
}

/** What has still to hold, and how one came to it. */
interface Item {
  readonly formula: Formula
  readonly scopes: readonly number[]
  readonly path: string
  readonly trail: Trail | undefined
}

interface Branch {
  types: number
  readonly open: Item[]
  readonly forks: Item[]
  readonly facts: Map<string, PlacedFact>
  readonly seen: Set<string>
  /** There are others beside it. */
  readonly isForked: boolean
}

export interface Expansion {
  formula(literal: Literal): Formula
  /** A number for a fact: equal ones are the same. */
  number(fact: Fact): number
  /** Counts, and throws where there are too many. */
  add(at: string): void
  /** Types that the facts so far leave, as far as is easily seen. */
  living(alternative: Alternative): number
  /** Only whether there is an alternative is asked. */
  readonly isLook: boolean
}

/** Beyond, the ways in which several may hold together are too many. */
const mostInclusive = 6

/** All ways to satisfy all of the literals: the disjunctive normal form, without those ways that contradict themselves. */
export function alternativesOf(literals: readonly Literal[], expansion: Expansion): Alternative[] {
  const parts = literals.map((literal): Formula => ({ kind: 'schema', literal, forks: false }))
  const item: Item = { formula: { kind: 'all', parts }, scopes: [], path: '', trail: undefined }
  const open: Branch[] = [
    { types: anyType, open: [item], forks: [], facts: new Map(), seen: new Set(), isForked: false },
  ]
  const done: Alternative[] = []
  const at = literals[0]?.node.at ?? ''
  for (let branch = open.pop(); branch !== undefined; branch = open.pop()) {
    if (branch.isForked || expansion.isLook) expansion.add(at)
    if (!settle(branch, expansion)) continue
    const facts = [...branch.facts.values()].sort((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0))
    const fork = branch.forks.shift()
    // The only way need not be looked at where it is about to be built.
    const isOnly = fork === undefined && !branch.isForked && !expansion.isLook
    const types = isOnly ? branch.types : expansion.living({ types: branch.types, facts })
    if (types === 0) continue
    if (fork === undefined) done.push({ types, facts })
    else open.push(...forked({ ...branch, types }, fork, expansion).reverse())
  }
  return done
}

/** Works off all that is asked but the choices; false where it contradicts itself. */
function settle(branch: Branch, expansion: Expansion): boolean {
  for (let item = branch.open.pop(); item !== undefined; item = branch.open.pop()) {
    const { formula } = item
    if (formula.kind === 'fact') addFact(branch, formula.fact, item, expansion)
    else if (formula.kind === 'schema') open(branch, formula.literal, formula.forks, item, expansion)
    else if (formula.kind === 'all' || formula.parts.length === 1) branch.open.push(...inside(item, formula.parts))
    else if (formula.parts.length === 0) return false
    else branch.forks.push(item)
    if (branch.types === 0) return false
  }
  return true
}

function inside(item: Item, parts: readonly Formula[]): Item[] {
  // The first on top.
  return parts.map((formula, i) => ({ ...item, formula, path: item.path + String.fromCharCode(i + 1) })).reverse()
}

function addFact(branch: Branch, fact: Fact, { scopes, path }: Item, expansion: Expansion): void {
  if (fact.on === 'types') {
    branch.types &= fact.types
    return
  }
  const key = `${expansion.number(fact)}:${scopes.join()}`
  if (!branch.facts.has(key)) branch.facts.set(key, { fact, scopes, path })
}

function open(branch: Branch, literal: Literal, forks: boolean, item: Item, expansion: Expansion): void {
  if (isWithinItself(literal, forks, item.trail)) return
  const { node, holds } = literal
  const isScope =
    typeof node.schema === 'object' && ('unevaluatedItems' in node.schema || 'unevaluatedProperties' in node.schema)
  // What does not hold evaluates nothing, nor does a value that is named.
  const outer = holds && !isConstant(node) ? item.scopes : []
  const scopes = isScope && !outer.includes(node.id) ? [...outer, node.id] : outer
  const key = `${holds ? '+' : '-'}${node.id}:${scopes.join()}`
  if (branch.seen.has(key)) return
  branch.seen.add(key)
  const trail = { literal, forks, before: item.trail }
  branch.open.push({ formula: expansion.formula(literal), scopes, path: item.path, trail })
}

/** One branch for each way to go on. */
function forked(branch: Branch, item: Item, expansion: Expansion): Branch[] {
  const { formula } = item
  if (formula.kind !== 'any') return [branch]
  const ways = formula.parts.map((part, i): Item[] => [
    { ...item, formula: part, path: item.path + String.fromCharCode(i + 1) },
  ])
  const possible = ways.filter(([way]) => (typesOf(way!.formula, expansion, 3) & branch.types) !== 0)
  const all = formula.inclusive && item.scopes.length > 0 ? subsets(possible, item) : possible
  return all.map((items) => ({
    types: branch.types,
    open: [...items],
    forks: [...branch.forks],
    facts: new Map(branch.facts),
    seen: new Set(branch.seen),
    isForked: true,
  }))
}

/** All ways in which one or more hold together. */
function subsets(ways: readonly Item[][], { trail }: Item): Item[][] {
  if (ways.length > mostInclusive)
    throw unsupported(`with "unevaluated…", expected at most ${mostInclusive} alternatives, found ${ways.length}`, {
      at: trail?.literal.node.at ?? '',
      keyword: 'anyOf',
    })
  const some = Array.from({ length: 2 ** ways.length - 1 }, (_, i) => i + 1)
  return some.map((bits) => ways.flatMap((way, i) => ((bits >> i) & 1 ? way : [])))
}

/** Types that a formula leaves at most, looked at `depth` schemas deep. */
function typesOf(formula: Formula, expansion: Expansion, depth: number): number {
  switch (formula.kind) {
    case 'fact':
      return formula.fact.on === 'types' ? formula.fact.types & anyType : anyType
    case 'all':
      return formula.parts.reduce((types, part) => types & typesOf(part, expansion, depth), anyType)
    case 'any':
      return formula.parts.reduce((types, part) => types | typesOf(part, expansion, depth), 0)
    case 'schema':
      return depth === 0 ? anyType : typesOf(expansion.formula(formula.literal), expansion, depth - 1)
  }
}
