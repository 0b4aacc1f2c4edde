import type { Dfa } from './dfa.ts'
import { choice, optional, repeat, rule, sequence, set, text, type Expression, type Grammar } from './grammar.ts'
import { rowsDfa, type Row } from './rows.ts'
import { whitespace } from './whitespace.ts'

export interface JsonOptions {
  /** White space may stand between the tokens of a value; without is what JSON.stringify writes. */
  readonly whitespace?: boolean
}

/** Nothing, or white space where it may stand. */
function spaceBetween({ whitespace: isAllowed = true }: JsonOptions): Expression {
  return isAllowed ? set(whitespace) : text('')
}

/** Any JSON value, without white space around it. A key may come twice in an object. */
export function jsonGrammar(options: JsonOptions = {}): Grammar {
  const space = spaceBetween(options)
  const string = set(jsonString)
  const list = (open: string, item: Expression, close: string): Expression => {
    const more = repeat(sequence(text(','), space, item, space), 0, null)
    return sequence(text(open), space, optional(sequence(item, space, more)), text(close))
  }
  const rules: Record<string, Expression> = {
    value: choice(rule('object'), rule('array'), string, set(jsonNumber), text('true'), text('false'), text('null')),
    object: list('{', sequence(string, space, text(':'), space, rule('value')), '}'),
    array: list('[', rule('value'), ']'),
  }
  return { rules: new Map(Object.entries(rules)), start: 'value' }
}

const digit = '09'
/** A JSON number [RFC 8259 §6]. */
export const jsonNumber: Dfa = rowsDfa(
  9,
  [2, 3, 5, 8],
  [
    [0, '--', 1],
    ...[0, 1].flatMap((from): Row[] => [
      [from, '00', 2],
      [from, '19', 3],
    ]),
    [3, digit, 3],
    ...[2, 3].map((from): Row => [from, '..', 4]),
    ...[4, 5].map((from): Row => [from, digit, 5]),
    ...[2, 3, 5].map((from): Row => [from, 'eeEE', 6]),
    [6, '++--', 7],
    ...[6, 7, 8].map((from): Row => [from, digit, 8]),
  ],
)

const hex = '09afAF'
const tail = '\x80\xbf'

/**
 * A JSON string with its quotes [RFC 8259 §7], of well-formed UTF-8 [Unicode, table 3-7]. An escaped surrogate comes only
 * in a pair: half of one is no character.
 */
export const jsonString: Dfa = rowsDfa(
  22,
  [2],
  [
    [0, '""', 1],
    [1, '""', 2],
    [1, ' !#[]\x7f', 1],
    // UTF-8: from 4, 5 and 6 on it takes one, two and three bytes more; 7 to 10 are the leads whose second byte has narrower bounds.
    [1, '\xc2\xdf', 4],
    [1, '\xe1\xec\xee\xef', 5],
    [1, '\xf1\xf3', 6],
    [1, '\xe0\xe0', 7],
    [1, '\xed\xed', 8],
    [1, '\xf0\xf0', 9],
    [1, '\xf4\xf4', 10],
    [4, tail, 1],
    [5, tail, 4],
    [6, tail, 5],
    [7, '\xa0\xbf', 4],
    [8, '\x80\x9f', 4],
    [9, '\x90\xbf', 5],
    [10, '\x80\x8f', 5],
    // Escapes: one letter, or four hexadecimal digits; D8 to DB begin a pair, which DC to DF end.
    [1, '\\\\', 3],
    [3, '""\\\\//bbffnnrrtt', 1],
    [3, 'uu', 11],
    [11, '09acACefEF', 12],
    [11, 'ddDD', 13],
    [12, hex, 14],
    [13, '07', 14],
    [14, hex, 15],
    [15, hex, 1],
    [13, '89abAB', 16],
    [16, hex, 17],
    [17, hex, 18],
    [18, '\\\\', 19],
    [19, 'uu', 20],
    [20, 'ddDD', 21],
    [21, 'cfCF', 14],
  ],
)
