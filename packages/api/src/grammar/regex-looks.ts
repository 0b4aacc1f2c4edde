import { minimize } from './minimize.ts'
import { before, type Assertions, type Before, type Shared } from './regex-context.ts'
import { complementTable } from './regex-obligations.ts'
import { partsOf, program, searchProgram } from './regex-program.ts'
import { RegexError, type Look, type Regex } from './regex-syntax.ts'
import { subsetTable } from './regex-subsets.ts'
import type { Table } from './table.ts'

/** The lookarounds of one program: as obligations, and as automata that follow the text from its start. */
export class Looks implements Assertions {
  readonly lookbehinds: readonly Look[]
  readonly tables: readonly Table[]
  readonly #shared: Shared
  readonly #known = new Map<Look | string, number>()

  constructor(regex: Regex, shared: Shared) {
    this.#shared = shared
    this.lookbehinds = lookbehindsOf(regex)
    this.tables = this.lookbehinds.map(({ body }) => {
      refuse(body, ({ kind }) => kind === 'end' || kind === 'boundary', '$ or \\b in a lookbehind')
      refuse(body, (part) => part.kind === 'look' && part.ahead, 'a lookahead in a lookbehind')
      const search = searchProgram(body, shared.sets, shared.work)
      return minimize(subsetTable(search, new Looks(body, shared), shared, { then: 'end', begin: before.nothing }))
    })
  }

  ahead(look: Look, context: Before): number {
    refuse(look.body, (part) => part.kind === 'look' && !part.ahead, 'a lookbehind in a lookahead')
    return this.#obligation(`${look.at},${context}`, () => {
      const { sets, work } = this.#shared
      const inner = program(look.body, sets, work)
      const options = { then: 'anything', begin: context } as const
      const table = minimize(subsetTable(inner, new Looks(look.body, this.#shared), this.#shared, options))
      return look.negated ? minimize(complementTable(table)) : table
    })
  }

  end(): number {
    const width = this.#shared.alphabet.size
    return this.#obligation('end', () => ({ width, next: new Int32Array(width).fill(-1), final: Uint8Array.of(1) }))
  }

  word(follows: boolean): number {
    return this.#obligation(follows ? 'word' : 'no word', () => {
      const { alphabet, isWord } = this.#shared
      const next = Array.from(isWord!, (word) => ((word === 1) === follows ? 1 : -1))
      const final = Uint8Array.of(follows ? 0 : 1, 1)
      return { width: alphabet.size, next: Int32Array.from([...next, ...next.map(() => 1)]), final }
    })
  }

  #obligation(key: string, table: () => Table): number {
    const known = this.#known.get(key)
    if (known !== undefined) return known
    const state = this.#shared.obligations.add(table())
    this.#known.set(key, state)
    return state
  }
}

/** Those that are not in a lookahead, which are refused. */
function lookbehindsOf(regex: Regex): Look[] {
  if (regex.kind !== 'look') return partsOf(regex).flatMap(lookbehindsOf)
  return regex.ahead ? [] : [regex]
}

function refuse(regex: Regex, isRefused: (part: Regex) => boolean, what: string): void {
  if (isRefused(regex)) throw new RegexError(`${what}, which is not supported`, 'at' in regex ? regex.at : 0)
  for (const part of partsOf(regex)) refuse(part, isRefused, what)
}
