import { anyCodePoint, type CodePoints } from './code-points.ts'
import { checkStates, type Work } from './limit.ts'
import { wordCharacters } from './regex-characters.ts'
import type { Look, Regex } from './regex-syntax.ts'

/** One step of a thread: what it reads, where else it goes, what has to be so where it stands. `next` are numbers of nodes. */
export type ProgramNode =
  | { readonly kind: 'read'; readonly set: number; readonly next: number }
  | { readonly kind: 'split'; readonly next: readonly number[] }
  | { readonly kind: 'start'; readonly next: number }
  | { readonly kind: 'end'; readonly next: number }
  | { readonly kind: 'boundary'; readonly negated: boolean; readonly next: number }
  | { readonly kind: 'look'; readonly look: Look; readonly next: number }
  | { readonly kind: 'match' }

/** A regular expression as a nondeterministic automaton (Thompson 1968). */
export interface Program {
  readonly nodes: readonly ProgramNode[]
  readonly start: number
}

/** The sets of code points that occur in a pattern, each once. */
export class CodePointSets {
  readonly all: CodePoints[] = []
  readonly #known = new Map<string, number>()

  /** The number of a set. */
  add(set: CodePoints): number {
    const key = set.map(({ from, to }) => `${from}-${to}`).join()
    const known = this.#known.get(key)
    if (known !== undefined) return known
    this.#known.set(key, this.all.length)
    return this.all.push(set) - 1
  }

  /** Those of a tree. */
  addAll(regex: Regex): void {
    if (regex.kind === 'set') this.add(regex.set)
    if (regex.kind === 'boundary') this.add(wordCharacters)
    for (const part of partsOf(regex)) this.addAll(part)
  }
}

export function partsOf(regex: Regex): readonly Regex[] {
  if (regex.kind === 'sequence') return regex.parts
  if (regex.kind === 'choice') return regex.options
  return regex.kind === 'repeat' || regex.kind === 'look' ? [regex.body] : []
}

/** The program that finds `regex` anywhere: it skips any text, then matches. */
export function searchProgram(regex: Regex, sets: CodePointSets, work: Work): Program {
  const any: Regex = { kind: 'repeat', body: { kind: 'set', set: anyCodePoint }, min: 0, max: Infinity }
  return program({ kind: 'sequence', parts: [any, regex] }, sets, work)
}

/** The program that matches where it begins. */
export function program(regex: Regex, sets: CodePointSets, work: Work): Program {
  const nodes: ProgramNode[] = []
  const add = (node: ProgramNode): number => {
    checkStates(nodes.length + 1, work.limits)
    return nodes.push(node) - 1
  }
  /** From the end to the start: the node from which `regex` is matched and `next` follows. */
  const build = (regex: Regex, next: number): number => {
    work.add(1)
    switch (regex.kind) {
      case 'set':
        return add({ kind: 'read', set: sets.add(regex.set), next })
      case 'sequence':
        return regex.parts.reduceRight((next, part) => build(part, next), next)
      case 'choice':
        return add({ kind: 'split', next: regex.options.map((option) => build(option, next)) })
      case 'repeat':
        return repeated(regex, next)
      case 'boundary':
        return add({ kind: 'boundary', negated: regex.negated, next })
      case 'look':
        return add({ kind: 'look', look: regex, next })
      default:
        return add({ kind: regex.kind, next })
    }
  }
  const repeated = ({ body, min, max }: Regex & { kind: 'repeat' }, next: number): number => {
    let start = next
    if (max === Infinity) {
      const ways = [next]
      start = add({ kind: 'split', next: ways })
      ways.push(build(body, start))
    } else for (let i = min; i < max; i++) start = add({ kind: 'split', next: [build(body, start), next] })
    for (let i = 0; i < min; i++) start = build(body, start)
    return start
  }
  const match = add({ kind: 'match' })
  return { start: build(regex, match), nodes }
}
