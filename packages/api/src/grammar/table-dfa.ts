import { byteClasses, type ByteClasses } from './byte-classes.ts'
import type { Dfa } from './dfa.ts'
import { checkStates, defaultLimits, type Limits } from './limit.ts'
import { minimize } from './minimize.ts'
import type { Table } from './table.ts'

/** A Dfa as a table over classes of bytes: the least of its set, see {@link minimize}. */
export class TableDfa implements Dfa {
  readonly size: number
  readonly classes: ByteClasses
  readonly table: Table

  private constructor(classes: ByteClasses, table: Table) {
    this.size = table.final.length
    this.classes = classes
    this.table = table
  }

  /** Of any automaton over classes of bytes, trimmed or not. */
  static from(classes: ByteClasses, table: Table): TableDfa {
    // Bytes that are alike at first save work, those that are so in the end save room.
    const first = withFewestClasses({ classes, table })
    const { classes: least, table: narrow } = withFewestClasses({
      classes: first.classes,
      table: minimize(first.table),
    })
    return new TableDfa(least, narrow)
  }

  next(state: number, byte: number): number {
    return state < 0 ? -1 : this.table.next[state * this.table.width + this.classes.of[byte]!]!
  }

  isFinal(state: number): boolean {
    return this.table.final[state] === 1
  }
}

/** Any Dfa as a table. */
export function tableOf(dfa: Dfa, limits: Limits = defaultLimits): TableDfa {
  if (dfa instanceof TableDfa) return dfa
  checkStates(dfa.size, limits)
  const next = Int32Array.from({ length: dfa.size * 256 }, (_, i) => dfa.next(i >> 8, i & 255))
  const final = Uint8Array.from({ length: dfa.size }, (_, state) => Number(dfa.isFinal(state)))
  return TableDfa.from(
    byteClasses((byte) => byte),
    { width: 256, next, final },
  )
}

interface Classified {
  readonly classes: ByteClasses
  readonly table: Table
}

/** Symbols with equal columns become one. */
function withFewestClasses({ classes: { of, bytes }, table: { width, next, final } }: Classified): Classified {
  const isEqual = (a: number, b: number): boolean => {
    for (let row = 0; row < next.length; row += width) if (next[row + a] !== next[row + b]) return false
    return true
  }
  const first: number[] = []
  const equal = Array.from(bytes, (_, symbol) => {
    const known = first.find((other) => isEqual(other, symbol))
    return known ?? first[first.push(symbol) - 1]!
  })
  const classes = byteClasses((byte) => equal[of[byte]!]!)
  const symbols = classes.bytes.map((byte) => equal[of[byte]!]!)
  const narrow = new Int32Array(final.length * symbols.length)
  for (let state = 0; state < final.length; state++)
    symbols.forEach((symbol, i) => (narrow[state * symbols.length + i] = next[state * width + symbol]!))
  return { classes, table: { width: symbols.length, next: narrow, final } }
}
