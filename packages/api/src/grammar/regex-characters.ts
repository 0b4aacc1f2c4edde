import { codePoints, complement, type CodePoints } from './code-points.ts'

const set = (...ranges: readonly (readonly [number, number])[]): CodePoints =>
  codePoints(ranges.map(([from, to]) => ({ from, to })))

const digits = set([0x30, 0x39])
const spaces = set(
  ...([
    [9, 13],
    [0x20, 0x20],
    [0xa0, 0xa0],
    [0x1680, 0x1680],
    [0x2000, 0x200a],
  ] as const),
  ...([
    [0x2028, 0x2029],
    [0x202f, 0x202f],
    [0x205f, 0x205f],
    [0x3000, 0x3000],
    [0xfeff, 0xfeff],
  ] as const),
)

/** \w */
export const wordCharacters = set([0x30, 0x39], [0x41, 0x5a], [0x5f, 0x5f], [0x61, 0x7a])

/** `.` is all but line terminators. */
export const dot = complement(set([0x0a, 0x0a], [0x0d, 0x0d], [0x2028, 0x2029]))

/** The sets that a letter behind a backslash stands for. */
export const classEscapes: ReadonlyMap<string, CodePoints> = new Map([
  ...([
    ['d', digits],
    ['D', complement(digits)],
    ['s', spaces],
    ['S', complement(spaces)],
  ] as const),
  ...([
    ['w', wordCharacters],
    ['W', complement(wordCharacters)],
  ] as const),
])

/** The characters that a letter behind a backslash stands for. */
export const controlEscapes: ReadonlyMap<string, number> = new Map([
  ...([
    ['t', 9],
    ['n', 10],
    ['v', 11],
    ['f', 12],
    ['r', 13],
  ] as const),
])
