import { byteClasses } from './byte-classes.ts'
import { compareDecimals, parseDecimal, writtenOut, type Decimal } from './decimal.ts'
import { exploredDfa } from './explore.ts'
import { concatenation } from './glue.ts'
import { type Limits } from './limit.ts'
import { intersection, isEmpty, union } from './product.ts'
import { regexDfa } from './regex.ts'
import { ofStrings } from './strings.ts'
import type { TableDfa } from './table-dfa.ts'

/** One end of an interval. */
export interface End {
  readonly value: Decimal
  readonly isExclusive: boolean
}

/** Numbers from one end to another, or without an end. */
export interface Interval {
  readonly from?: End | undefined
  readonly to?: End | undefined
}

/** Whether a magnitude that compares so with an end (−1 less, 0 equal, 1 greater) is in. */
type Side = (comparison: number) => boolean

const beyond =
  ({ isExclusive }: End): Side =>
  (comparison) =>
    comparison > 0 || (comparison === 0 && !isExclusive)
const within =
  ({ isExclusive }: End): Side =>
  (comparison) =>
    comparison < 0 || (comparison === 0 && !isExclusive)

const digitsAndPoint = byteClasses((byte) => ((byte >= 0x30 && byte <= 0x39) || byte === 0x2e ? byte : ''))
const point = 0x2e
const zero = parseDecimal('0')

/** How far a number without exponent is read, and how it compares with the bound so far. */
interface Place {
  readonly part: 'start' | 'whole' | 'point' | 'fraction'
  /** Digits read of the part, counted no further than is of interest. */
  readonly count: number
  readonly comparison: number
}

/** Numbers without sign and exponent in an interval of numbers that are not negative: `12`, `0.50`. */
export function plainMagnitudes({ from, to }: Interval, limits: Limits): TableDfa {
  const least = from ?? { value: zero, isExclusive: false }
  const set = plainOnSide(least.value, beyond(least), limits)
  return to ? intersection(set, plainOnSide(to.value, within(to), limits), limits) : set
}

function plainOnSide(bound: Decimal, isIn: Side, limits: Limits): TableDfa {
  const { whole, fraction } = writtenOut(bound)
  const wholeCompared = ({ count, comparison }: Place): number =>
    count === whole.length ? comparison : Math.sign(count - whole.length)
  const next = (place: Place, byte: number): Place | undefined => {
    const { part, count, comparison } = place
    const digit = byte - 0x30
    if (byte === point)
      return part === 'whole' ? { part: 'point', count: 0, comparison: wholeCompared(place) } : undefined
    if (digit < 0 || digit > 9) return undefined
    if (part === 'start') return { part: 'whole', count: digit === 0 ? 0 : 1, comparison: compared(0, digit, whole, 0) }
    if (part === 'whole')
      // A zero at the start counts as no digit, and no digit follows it.
      return count === 0
        ? undefined
        : {
            part,
            count: Math.min(count + 1, whole.length + 1),
            comparison: compared(comparison, digit, whole, count),
          }
    return {
      part: 'fraction',
      count: comparison === 0 ? Math.min(count + 1, fraction.length) : 0,
      comparison: compared(comparison, digit, fraction, count),
    }
  }
  const result = (place: Place): number => {
    if (place.part === 'whole') return wholeCompared(place) || (fraction === '' ? 0 : -1)
    return place.comparison || (place.count < fraction.length ? -1 : 0)
  }
  const description = {
    start: { part: 'start', count: 0, comparison: 0 } as Place,
    key: ({ part, count, comparison }: Place) => `${part} ${count} ${comparison}`,
    next,
    isFinal: (place: Place) => (place.part === 'whole' || place.part === 'fraction') && isIn(result(place)),
  }
  return exploredDfa(digitsAndPoint, description, limits)
}

/** The comparison after one more digit, the one at `index` of the bound's (0 behind the last). */
function compared(comparison: number, digit: number, bound: string, index: number): number {
  return comparison || Math.sign(digit - Number(bound[index] ?? 0))
}

/** The exponents with which JSON.stringify writes the numbers that it writes with one. */
const exponents = [
  ...Array.from({ length: 308 - 21 + 1 }, (_, i) => 21 + i),
  ...Array.from({ length: 324 - 7 + 1 }, (_, i) => -7 - i),
]

/** The least and the largest magnitude of JavaScript's numbers; what is beyond would be read as zero, or as infinite. */
const smallest: End = { value: parseDecimal('5e-324'), isExclusive: false }
const largest: End = { value: parseDecimal('1.7976931348623157e308'), isExclusive: false }

/**
 * Numbers without sign in an interval of numbers that are not negative, as JSON.stringify has them where it writes an exponent:
 * `1.5e+21`, `1e-7`. Never beyond the numbers of JavaScript.
 */
export function scientificMagnitudes(interval: Interval, limits: Limits): TableDfa {
  const from = interval.from && compareDecimals(interval.from.value, smallest.value) > 0 ? interval.from : smallest
  const to = interval.to && compareDecimals(interval.to.value, largest.value) < 0 ? interval.to : largest
  if (compareDecimals(from.value, to.value) > 0) return ofStrings([])
  const [low, high] = [from.value.exponent, to.value.exponent]
  const all = regexDfa('^[1-9](?:\\.\\d*[1-9])?$', limits)
  const mantissas = (end: End, side: Side): TableDfa => plainOnSide({ ...end.value, exponent: 0 }, side, limits)
  const [lowest, highest] = [mantissas(from, beyond(from)), mantissas(to, within(to))]
  const parts: (readonly [readonly TableDfa[], TableDfa])[] =
    low === high
      ? [[[lowest, highest], exponentsWhere((e) => e === low)]]
      : [
          [[lowest], exponentsWhere((e) => e === low)],
          [[], exponentsWhere((e) => e > low && e < high)],
          [[highest], exponentsWhere((e) => e === high)],
        ]
  return parts
    .filter(([, exponents]) => !isEmpty(exponents))
    .map(([mantissas, exponents]) =>
      concatenation([mantissas.reduce((a, b) => intersection(a, b, limits), all), exponents], limits),
    )
    .reduce((a, b) => union(a, b, limits), ofStrings([]))
}

/** Exponents as they are written, `e+21`. */
export function exponentsWhere(isIn: (exponent: number) => boolean): TableDfa {
  return ofStrings(exponents.filter(isIn).map((exponent) => `e${exponent > 0 ? '+' : ''}${exponent}`))
}
