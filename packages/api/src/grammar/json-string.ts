import { byteClasses, refined } from './byte-classes.ts'
import type { Dfa } from './dfa.ts'
import { exploredDfa } from './explore.ts'
import { concatenation, repeat } from './glue.ts'
import { defaultLimits, type Limits } from './limit.ts'
import { isEmpty } from './product.ts'
import { regexDfa } from './regex.ts'
import { ofStrings } from './strings.ts'
import { tableOf, type TableDfa } from './table-dfa.ts'
import { ofLength } from './utf8.ts'

/** The letters that JSON.stringify writes behind a backslash, and what they stand for. */
const shortEscapes: ReadonlyMap<string, number> = new Map([
  ...([
    ['"', 0x22],
    ['\\', 0x5c],
    ['b', 0x08],
    ['f', 0x0c],
    ['n', 0x0a],
    ['r', 0x0d],
    ['t', 0x09],
  ] as const),
])

/** How far a literal is read: nothing, in the text, behind a backslash, behind \u, \u0, \u00, \u000, \u001, all. */
const place = { start: 0, text: 1, escape: 2, u: 3, u0: 4, u00: 5, u000: 6, u001: 7, end: 8 } as const
const places = 9

/**
 * The JSON literals, quotes included, of the strings of a set, as JSON.stringify writes them: one literal for each string. A set
 * of valid UTF-8 gives a set of valid UTF-8.
 */
export function stringifiedStrings(values: Dfa, limits: Limits = defaultLimits): TableDfa {
  const table = tableOf(values, limits)
  const controls = byteClasses((byte) => (byte < 0x20 ? 'control' : ''))
  const classes = refined([table.classes, controls], '"\\bfnrtu0123456789acde')
  // A place and a state of the values as one number.
  const at = (where: number, value: number): number | undefined => (value < 0 ? undefined : value * places + where)
  const next = (state: number, byte: number): number | undefined => {
    const [where, value] = [state % places, Math.floor(state / places)]
    const take = (meant: number): number | undefined =>
      meant < 0 ? undefined : at(place.text, table.next(value, meant))
    switch (where) {
      case place.start:
        return byte === 0x22 ? at(place.text, value) : undefined
      case place.text:
        if (byte === 0x22) return table.isFinal(value) ? at(place.end, 0) : undefined
        if (byte === 0x5c) return at(place.escape, value)
        return byte < 0x20 ? undefined : take(byte)
      case place.escape:
        if (byte === 0x75) return at(place.u, value)
        return take(shortEscapes.get(String.fromCharCode(byte)) ?? -1)
      case place.u:
      case place.u0:
        return byte === 0x30 ? at(where + 1, value) : undefined
      case place.u00:
        return byte === 0x30 ? at(place.u000, value) : byte === 0x31 ? at(place.u001, value) : undefined
      case place.u000:
      case place.u001:
        return take(longEscaped(where === place.u000 ? '0' : '1', byte))
      default:
        return undefined
    }
  }
  if (isEmpty(table)) return table
  const description = {
    start: place.start as number,
    key: (state: number) => state,
    next,
    isFinal: (state: number) => state === place.end,
  }
  return exploredDfa(classes, description, limits)
}

/** Control characters that JSON.stringify writes as \u00 and two digits, by these. */
const longEscapes: ReadonlyMap<string, number> = new Map(
  Array.from({ length: 32 }, (_, point) => point)
    .filter((point) => ![...shortEscapes.values()].includes(point))
    .map((point) => [point.toString(16).padStart(2, '0'), point]),
)

/** The control character whose second digit is `byte`; −1 if none. */
function longEscaped(digit: string, byte: number): number {
  return longEscapes.get(digit + String.fromCharCode(byte)) ?? -1
}

/** Literals as JSON.stringify writes them, or with every escape that JSON has. */
export type StringForm = 'stringified' | 'any escape'

/** One character as JSON.stringify writes it: \u only for control characters that have no letter, in small digits. */
const stringifiedEscapes = '[^"\\\\\\0-\\x1f]|\\\\(?:["\\\\bfnrt]|u00(?:0[0-7be-f]|1[\\da-f]))'

/** One character as JSON lets it be written: as it is, behind a backslash, or as one or two \uXXXX; never half a pair. */
const escapes =
  '[^"\\\\\\0-\\x1f]|\\\\["\\\\/bfnrt]|' +
  '\\\\u(?:[\\da-ce-fA-CE-F][\\da-fA-F]{3}|[dD][0-7][\\da-fA-F]{2}|[dD][89abAB][\\da-fA-F]{2}\\\\u[dD][c-fC-F][\\da-fA-F]{2})'

/**
 * All JSON string literals of `min` to `max` code points (`max` may be Infinity): in JSON.stringify's form, or with every escape
 * that JSON has. Lone surrogates, which no UTF-8 can say, are in neither.
 */
export function anyString(
  form: StringForm,
  { min = 0, max = Infinity }: { readonly min?: number; readonly max?: number } = {},
  limits: Limits = defaultLimits,
): TableDfa {
  if (form === 'stringified') return stringifiedStrings(ofLength(min, max, limits), limits)
  const quote = ofStrings(['"'])
  return concatenation([quote, repeat(anyCharacter(form), min, max, limits), quote], limits)
}

/** One character of a literal. */
export function anyCharacter(form: StringForm): TableDfa {
  let character = characters.get(form)
  if (character === undefined) {
    character = regexDfa(form === 'stringified' ? `^(?:${stringifiedEscapes})$` : `^(?:${escapes})$`)
    characters.set(form, character)
  }
  return character
}

/** Built once. */
const characters = new Map<StringForm, TableDfa>()
