import { explored } from './explore.ts'
import { before, type Assertions, type Before, type Shared } from './regex-context.ts'
import type { Program, ProgramNode } from './regex-program.ts'
import type { Table } from './table.ts'

/** What a text may have led to. */
interface Subset {
  readonly context: Before
  /** The states of the lookbehinds' automata, −1 where one has none. */
  readonly behind: readonly number[]
  /** Each a number: set of obligations · nodes + node. Those that wait to read, or have matched. */
  readonly threads: readonly number[]
}

/** A match whatever follows: other threads have nothing to add. */
const matched: Subset = { context: before.other, behind: [], threads: [-1] }

/**
 * A program → the table of the texts it matches, over the alphabet's symbols: the subset construction, whose subsets also hold
 * what the threads have promised of the text to come, and what the text so far says to lookbehinds, ^ and \b. `begin` is what
 * stands before the text, `then` what may follow a match.
 */
export function subsetTable(
  { nodes, start }: Program,
  looks: Assertions,
  { alphabet, isWord, obligations, work }: Shared,
  { then, begin }: { readonly then: 'end' | 'anything'; readonly begin: Before },
): Table {
  // When a thread without obligations was last reached, by the count of closures: a set is slow where nearly all are such.
  const reachedIn = new Int32Array(nodes.length)
  let closures = 0
  /** With all that is reached without reading, from threads that stand behind the same text. */
  const closed = (reached: readonly number[], context: Before, behind: readonly number[]): Subset => {
    const others = new Set<number>()
    closures++
    const stack = [...reached]
    const threads: number[] = []
    for (let thread = stack.pop(); thread !== undefined; thread = stack.pop()) {
      if (thread < nodes.length ? reachedIn[thread] === closures : others.has(thread)) continue
      if (thread < nodes.length) reachedIn[thread] = closures
      else others.add(thread)
      work.add(1)
      const set = Math.floor(thread / nodes.length)
      const node = nodes[thread % nodes.length]!
      if (node.kind === 'match' && then === 'anything' && set === 0) return matched
      if (node.kind === 'match' || node.kind === 'read') threads.push(thread)
      else if (node.kind === 'split') for (const next of node.next) stack.push(set * nodes.length + next)
      else {
        const promised = assertion(node, set, context, behind)
        if (promised >= 0) stack.push(promised * nodes.length + node.next)
      }
    }
    return { context, behind, threads: threads.sort((a, b) => a - b) }
  }

  /** The set of obligations behind an assertion; −1 where it fails. */
  const assertion = (
    node: Exclude<ProgramNode, { kind: 'match' | 'read' | 'split' }>,
    set: number,
    context: Before,
    behind: readonly number[],
  ): number => {
    if (node.kind === 'start') return context === before.nothing ? set : -1
    if (node.kind === 'end') return obligations.with(set, looks.end())
    if (node.kind === 'boundary') return obligations.with(set, looks.word((context === before.word) === node.negated))
    if (node.look.ahead) return obligations.with(set, looks.ahead(node.look, context))
    const i = looks.lookbehinds.indexOf(node.look)
    const holds = behind[i]! >= 0 && looks.tables[i]!.final[behind[i]!] === 1
    return holds !== node.look.negated ? set : -1
  }

  const stepped = ({ threads, behind }: Subset, symbol: number): Subset | undefined => {
    work.add(threads.length)
    const reached: number[] = []
    for (const thread of threads) {
      const node = nodes[thread % nodes.length]!
      const to = node.kind === 'match' ? (then === 'anything' ? thread % nodes.length : -1) : read(node, symbol)
      const set = to < 0 ? -1 : obligations.after(Math.floor(thread / nodes.length), symbol)
      if (set >= 0) reached.push(set * nodes.length + to)
    }
    if (reached.length === 0) return undefined
    const context = isWord?.[symbol] === 1 ? before.word : before.other
    const follow = looks.tables.map(({ next, width }, i) => (behind[i]! < 0 ? -1 : next[behind[i]! * width + symbol]!))
    return closed(reached, context, follow)
  }
  const read = (node: ProgramNode, symbol: number): number =>
    node.kind === 'read' && alphabet.holds[node.set]![symbol] === 1 ? node.next : -1

  return explored<Subset>(
    alphabet.size,
    {
      start: closed(
        [start],
        begin,
        looks.tables.map(({ final }) => (final.length > 0 ? 0 : -1)),
      ),
      key: ({ context, behind, threads }) => `${context}|${behind.join()}|${threads.join()}`,
      next: (subset, symbol) => (subset === matched ? subset : stepped(subset, symbol)),
      isFinal: (subset) =>
        subset === matched ||
        subset.threads.some(
          (thread) =>
            nodes[thread % nodes.length]!.kind === 'match' && obligations.areKept(Math.floor(thread / nodes.length)),
        ),
    },
    work,
  )
}
