import { codePoints, complement, type Range } from './code-points.ts'
import type { EbnfScanner } from './ebnf-scanner.ts'
import { set, text, type Expression } from './grammar.ts'
import { utf8Dfa } from './utf8.ts'

/** A text up to its closing quote. */
export function literal(scanner: EbnfScanner, quote: string): Expression {
  const at = scanner.at
  let value = ''
  while (!scanner.take(quote)) value += character(scanner, `${quote}, which ends a text`)
  if (/\p{Surrogate}/u.test(value)) scanner.failAt('half of a surrogate pair is no character', at)
  return text(value)
}

/** One character, up to `]`. */
export function characterClass(scanner: EbnfScanner): Expression {
  const at = scanner.at
  const negated = scanner.take('^')
  const ranges: Range[] = []
  while (!scanner.take(']')) {
    const from = character(scanner, '"]", which ends a class').codePointAt(0)!
    const isRange = scanner.sees(/-[^\]]/y) && scanner.take('-')
    const to = isRange ? character(scanner, 'the end of a range').codePointAt(0)! : from
    if (to < from) scanner.failAt('a range that ends before it begins', at)
    ranges.push({ from, to })
  }
  const points = negated ? complement(codePoints(ranges)) : codePoints(ranges)
  return set(utf8Dfa([points.map((range) => ({ ...range, target: 1 })), []], (state) => state === 1))
}

const controls: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t' }

/** A character as it stands, or an escape. */
function character(scanner: EbnfScanner, expected: string): string {
  const at = scanner.at
  if (scanner.sees(/\n/y)) scanner.fail(expected)
  if (!scanner.take('\\')) return scanner.character(expected)
  const escape = scanner.match(/x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|u\{([0-9a-fA-F]{1,6})\}|([nrt])|([\\"'[\]^/-])/y)
  if (escape === undefined) return scanner.failAt('unknown escape', at)
  const [, two, four, many, control, itself] = escape
  if (control !== undefined) return controls[control]!
  if (itself !== undefined) return itself
  const point = parseInt((two ?? four ?? many)!, 16)
  if (point > 0x10ffff) scanner.failAt('no code point', at)
  return four === undefined ? String.fromCodePoint(point) : String.fromCharCode(point)
}
