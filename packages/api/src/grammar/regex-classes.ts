import { codePoints, complement, lastCodePoint, type CodePoints, type Range } from './code-points.ts'
import type { PatternReader } from './pattern-reader.ts'
import { classEscapes, controlEscapes } from './regex-characters.ts'
import { mostProperties } from './regex-properties.ts'
import { RegexError } from './regex-syntax.ts'

/** The rest of a class, behind its `[`, which is at `at`. */
export function characterClass(reader: PatternReader, at: number): CodePoints {
  const negated = reader.take('^')
  const ranges: Range[] = []
  while (!reader.take(']')) {
    if (reader.isAtEnd) throw new RegexError('a "[" without its "]"', at)
    ranges.push(...classRange(reader))
  }
  return negated ? complement(codePoints(ranges)) : codePoints(ranges)
}

function classRange(reader: PatternReader): CodePoints {
  const at = reader.at
  const from = classAtom(reader)
  if (!reader.sees('-') || reader.sees('-]')) return from
  reader.take('-')
  const to = classAtom(reader)
  // \d-z is an error with the flag u, not three alternatives.
  if (!isSingle(from) || !isSingle(to)) throw new RegexError('a range whose ends are not single characters', at)
  if (from[0]!.from > to[0]!.from) throw new RegexError('a range whose ends are out of order', at)
  return [{ from: from[0]!.from, to: to[0]!.from }]
}

function isSingle(set: CodePoints): boolean {
  return set.length === 1 && set[0]!.from === set[0]!.to
}

function classAtom(reader: PatternReader): CodePoints {
  const at = reader.at
  if (!reader.take('\\')) return single(reader.next())
  for (const [letter, set] of classEscapes) if (reader.take(letter)) return set
  if (reader.take('b')) return single(0x08)
  return propertyEscape(reader, at) ?? single(escapedCharacter(reader, at))
}

function single(point: number): CodePoints {
  return [{ from: point, to: point }]
}

/** \p{…} and \P{…} behind their backslash. */
export function propertyEscape(reader: PatternReader, at: number): CodePoints | undefined {
  const negated = reader.sees('P')
  if (!negated && !reader.sees('p')) return undefined
  const found = reader.match(/[pP]\{([A-Za-z_0-9]+(?:=[A-Za-z_0-9]+)?)\}/y)
  const set = found && reader.properties.get(found[1]!)
  const what = `a \\p without a property of Unicode that is known here, or the ${mostProperties + 1}th`
  if (!set) throw new RegexError(what, at)
  return negated ? complement(set) : set
}

/** The code point that an escape stands for, behind its backslash. */
export function escapedCharacter(reader: PatternReader, at: number): number {
  for (const [letter, point] of controlEscapes) if (reader.take(letter)) return point
  if (reader.match(/0(?!\d)/y)) return 0
  const control = reader.match(/c([A-Za-z])/y)
  if (control) return control[1]!.charCodeAt(0) % 32
  const pair = reader.match(/u([dD][89abAB][\da-fA-F]{2})\\u([dD][c-fC-F][\da-fA-F]{2})/y)
  if (pair) return String.fromCharCode(parseInt(pair[1]!, 16), parseInt(pair[2]!, 16)).codePointAt(0)!
  const code = reader.match(/x([\da-fA-F]{2})|u([\da-fA-F]{4})|u\{([\da-fA-F]+)\}/y)
  if (code) return checked(parseInt(code[1] ?? code[2] ?? code[3]!, 16), at)
  // Letters and digits have a meaning elsewhere, so that one without a meaning here is a mistake.
  const other = reader.match(/[^\p{L}\p{N}]/uy)
  if (other) return other[0].codePointAt(0)!
  throw new RegexError(reader.isAtEnd ? 'a backslash at the end' : 'an unknown escape', at)
}

function checked(point: number, at: number): number {
  if (point > lastCodePoint) throw new RegexError('a code point beyond 10FFFF', at)
  return point
}
