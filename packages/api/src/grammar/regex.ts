import { alphabet, type Alphabet } from './code-points.ts'
import { defaultLimits, Work, type Limits } from './limit.ts'
import { minimize } from './minimize.ts'
import { Obligations } from './regex-obligations.ts'
import { before } from './regex-context.ts'
import { Looks } from './regex-looks.ts'
import { parseRegex } from './regex-parser.ts'
import { CodePointSets, partsOf, searchProgram } from './regex-program.ts'
import { subsetTable } from './regex-subsets.ts'
import { wordCharacters } from './regex-characters.ts'
import type { Regex } from './regex-syntax.ts'
import type { Table } from './table.ts'
import type { TableDfa } from './table-dfa.ts'
import { utf8Dfa, type Move } from './utf8.ts'

export { RegexError } from './regex-syntax.ts'

/**
 * The texts, in UTF-8, in which an ECMA-262 pattern (flag u) is found, as `pattern` of JSON Schema means it: anywhere, unless it
 * is anchored. Nothing backtracks. Lookaheads are done, also within others; lookbehinds outside of lookaheads. Throws
 * RegexError for what is no pattern or is not done (with its position), LimitError where the automaton becomes too large.
 */
export function regexDfa(pattern: string, limits: Limits = defaultLimits): TableDfa {
  const work = new Work(limits)
  const regex = parseRegex(pattern)
  const sets = new CodePointSets()
  const program = searchProgram(regex, sets, work)
  sets.addAll(regex)
  const symbols = alphabet(sets.all)
  const isWord = hasBoundary(regex) ? symbols.holds[sets.add(wordCharacters)] : undefined
  const shared = { sets, alphabet: symbols, isWord, obligations: new Obligations(work), work }
  const looks = new Looks(regex, shared)
  const table = minimize(subsetTable(program, looks, shared, { then: 'anything', begin: before.nothing }))
  return utf8Dfa(movesOf(table, symbols, work), (state) => table.final[state] === 1, limits)
}

function hasBoundary(regex: Regex): boolean {
  return regex.kind === 'boundary' || partsOf(regex).some(hasBoundary)
}

/** Transitions by symbol → transitions by code point, neighbours that lead to the same state joined. */
function movesOf({ width, next, final }: Table, { pieces }: Alphabet, work: Work): Move[][] {
  return Array.from(final, (_, state) => {
    work.add(pieces.length)
    const moves: { from: number; to: number; target: number }[] = []
    for (const { from, to, symbol } of pieces) {
      const target = next[state * width + symbol]!
      const last = moves.at(-1)
      if (last?.target === target && last.to + 1 === from) last.to = to
      else if (target >= 0) moves.push({ from, to, target })
    }
    return moves
  })
}
