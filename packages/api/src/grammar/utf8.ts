import { byteClasses, type ByteClasses } from './byte-classes.ts'
import { anyCodePoint, type Range } from './code-points.ts'
import { checkStates, defaultLimits, type Limits } from './limit.ts'
import { TableDfa } from './table-dfa.ts'

/** Where a state leads to on a range of code points. */
export interface Move extends Range {
  readonly target: number
}

/** Bytes of the four lengths of UTF-8: the first lead byte, and the code points; without overlong forms and surrogates. */
const lengths = [
  { lead: 0x00, ranges: [{ from: 0, to: 0x7f }] },
  { lead: 0xc0, ranges: [{ from: 0x80, to: 0x7ff }] },
  {
    lead: 0xe0,
    ranges: [
      { from: 0x800, to: 0xd7ff },
      { from: 0xe000, to: 0xffff },
    ],
  },
  { lead: 0xf0, ranges: [{ from: 0x10000, to: 0x10ffff }] },
] as const

/** Where bytes of UTF-8 change what they mean, or what may follow. */
const borders = [0x80, 0x90, 0xa0, 0xc0, 0xc2, 0xe0, 0xe1, 0xed, 0xee, 0xf0, 0xf1, 0xf4, 0xf5] as const

/**
 * An automaton over code points as one over their UTF-8. `moves[state]` are ordered and apart from each other; states between
 * two bytes of a code point are added, and shared between those code points that lead to the same states.
 */
export function utf8Dfa(
  moves: readonly (readonly Move[])[],
  isFinal: (state: number) => boolean,
  limits: Limits = defaultLimits,
): TableDfa {
  const classes = classesOf(moves)
  const rows = new Rows(classes, limits)
  moves.forEach(() => rows.add())
  const known = new Map<string | number, number>()
  /** The state of this key, its bytes filled in where it is new. */
  const shared = (key: string | number, fillIn: (state: number) => void): number => {
    const same = known.get(key)
    if (same !== undefined) return same
    const state = rows.add()
    known.set(key, state)
    fillIn(state)
    return state
  }
  /** The state that reads any `depth` more bytes on its way to `target`. */
  const anyTail = (depth: number, target: number): number => {
    if (depth === 0) return target
    return shared(depth + 4 * target, (state) => rows.setContinuations(state, anyTail(depth - 1, target)))
  }
  /** The state that reads `depth` more bytes of the code points from `base`. */
  const tail = (inside: readonly Move[], base: number, depth: number): number => {
    const key = `${depth}:${inside.map(({ from, to, target }) => `${from - base},${to - base},${target}`).join(';')}`
    return shared(key, (state) => fillIn(state, 0x80, inside, base, depth - 1))
  }
  /** The bytes from `lead` on, each for 64^depth code points, the first of them `base`. */
  const fillIn = (state: number, lead: number, inside: readonly Move[], base: number, depth: number): void => {
    const span = 64 ** depth
    const pieces = new Map<number, Move[]>()
    for (const move of inside) {
      const last = Math.floor((move.to - base) / span)
      for (let i = Math.floor((move.from - base) / span); i <= last; i++) {
        if (!rows.isFirstOfClass(lead + i)) continue
        const part = overlap(move, base + i * span, base + (i + 1) * span - 1)
        const isWhole = part[0]!.to - part[0]!.from + 1 === span
        if (isWhole) rows.set(state, lead + i, anyTail(depth, move.target))
        else if (!pieces.get(i)?.push(...part)) pieces.set(i, part)
      }
    }
    for (const [i, piece] of pieces) rows.set(state, lead + i, tail(piece, base + i * span, depth))
  }
  moves.forEach((of, state) =>
    lengths.forEach(({ lead, ranges }, depth) => {
      const within = ranges.flatMap((range) => of.flatMap((move) => overlap(move, range.from, range.to)))
      fillIn(state, lead, within, 0, depth)
    }),
  )
  const final = Uint8Array.from({ length: rows.size }, (_, state) => Number(state < moves.length && isFinal(state)))
  return TableDfa.from(classes, { width: classes.bytes.length, next: rows.next(), final })
}

/** Bytes apart where a range of code points begins or ends, at any place in their UTF-8. */
function classesOf(moves: readonly (readonly Move[])[]): ByteClasses {
  const isBorder = new Uint8Array(256)
  for (const byte of borders) isBorder[byte] = 1
  const changes = new Set(moves.flatMap((of) => of.flatMap(({ from, to }) => [from, to + 1])))
  for (const point of changes) {
    const bytes = encoded(point)
    for (const byte of bytes) isBorder[byte] = 1
    // Not all that begins with the same bytes, but the last, is on one side of the change.
    for (const byte of bytes.slice(0, -1)) isBorder[byte + 1] = 1
  }
  let border = 0
  return byteClasses((byte) => (isBorder[byte] === 1 ? (border = byte) : border))
}

/** A code point's bytes; those of a surrogate as if it had some, for what is beside it does. */
function encoded(point: number): number[] {
  if (point < 0x80) return [point]
  const tail = [0x80 | (point & 0x3f)]
  let rest = point >> 6
  for (; rest >= 64 >> tail.length; rest >>= 6) tail.unshift(0x80 | (rest & 0x3f))
  return [((0xff00 >> (tail.length + 1)) & 0xff) | rest, ...tail]
}

/** Rows of transitions, in one array that grows. */
class Rows {
  size = 0
  #next: Int32Array
  readonly #classes: ByteClasses
  readonly #width: number
  readonly #limits: Limits

  constructor(classes: ByteClasses, limits: Limits) {
    this.#classes = classes
    this.#width = classes.bytes.length
    this.#next = new Int32Array(64 * this.#width).fill(-1)
    this.#limits = limits
  }

  add(): number {
    checkStates(this.size + 1, this.#limits)
    if (this.size * this.#width === this.#next.length) {
      const grown = new Int32Array(this.#next.length * 2).fill(-1, this.#next.length)
      grown.set(this.#next)
      this.#next = grown
    }
    return this.size++
  }

  isFirstOfClass(byte: number): boolean {
    return this.#classes.bytes[this.#classes.of[byte]!] === byte
  }

  set(state: number, byte: number, target: number): void {
    this.#next[state * this.#width + this.#classes.of[byte]!] = target
  }

  setContinuations(state: number, target: number): void {
    const row = state * this.#width
    this.#next.fill(target, row + this.#classes.of[0x80]!, row + this.#classes.of[0xbf]! + 1)
  }

  next(): Int32Array {
    return this.#next.subarray(0, this.size * this.#width)
  }
}

function overlap(move: Move, from: number, to: number): Move[] {
  const part = { from: Math.max(move.from, from), to: Math.min(move.to, to), target: move.target }
  return part.from <= part.to ? [part] : []
}

/** Strings of `min` to `max` code points, in valid UTF-8; `max` may be Infinity. */
export function ofLength(min: number, max: number, limits: Limits = defaultLimits): TableDfa {
  const last = Number.isFinite(max) ? max : min
  checkStates(last + 1, limits)
  const moves = Array.from({ length: last + 1 }, (_, count) => {
    const target = count < last ? count + 1 : last
    return count === max ? [] : anyCodePoint.map((range) => ({ ...range, target }))
  })
  return utf8Dfa(moves, (count) => count >= min && count <= max, limits)
}

/** All strings of valid UTF-8. */
export function anyText(): TableDfa {
  return ofLength(0, Infinity)
}
