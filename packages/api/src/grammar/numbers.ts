import { InputError, UnsupportedError } from '@tramontane/core'
import { compareDecimals, negated, parseDecimal, type Decimal } from './decimal.ts'
import { concatenation } from './glue.ts'
import { defaultLimits, type Limits } from './limit.ts'
import { plainMagnitudes, scientificMagnitudes, type End, type Interval } from './magnitudes.ts'
import { largeMultiples, plainMultiples } from './multiples.ts'
import { intersection, isEmpty, union } from './product.ts'
import { regexDfa } from './regex.ts'
import { ofStrings } from './strings.ts'
import type { TableDfa } from './table-dfa.ts'

/** What a JSON Schema says of a number, each number as exact decimal text. */
export interface NumberRules {
  readonly minimum?: string | undefined
  readonly exclusiveMinimum?: string | undefined
  readonly maximum?: string | undefined
  readonly exclusiveMaximum?: string | undefined
  /** One or more; "1" is what `integer` says. */
  readonly multipleOf?: readonly string[] | undefined
}

/**
 * - `stringified`: as JSON.stringify writes numbers, but of any number of digits
 * - `any form`: besides, zeros at the end of a fraction (so 1.0 is an integer), −0, and numbers of any size without exponent; where
 *   there are no rules, also exponents as JSON has them
 */
export type NumberForm = 'stringified' | 'any form'

/**
 * JSON texts of the numbers that satisfy all rules, by their exact decimal values. With exponent, those that JSON.stringify
 * writes so: from 10²¹ on and below 10⁻⁶. Throws UnsupportedError for divisors that need too many states, below 10⁻⁶, or that have
 * many factors 2 or 5 where no bound keeps the numbers below 10²¹.
 */
export function numbers(rules: NumberRules, form: NumberForm, limits: Limits = defaultLimits): TableDfa {
  const divisors = (rules.multipleOf ?? []).map(divisor)
  const interval = intervalOf(rules)
  const plain = divisors.reduce(
    (set, divisor) => intersection(set, eitherSign(plainMultiples(divisor, limits), limits), limits),
    signed(interval, plainMagnitudes, limits),
  )
  const scientific = divisors.reduce(
    (set, divisor) => intersection(set, scientificMultiples(divisor, set, limits), limits),
    signed(interval, scientificMagnitudes, limits),
  )
  const any = union(plain, scientific, limits)
  if (form === 'stringified') return intersection(any, regexDfa(stringified), limits)
  return (interval.from ?? interval.to ?? divisors[0]) ? any : union(any, regexDfa(withExponent), limits)
}

/** What JSON.stringify writes: of plain numbers those from 10⁻⁶ on and below 10²¹; those with exponent are as they are. */
const stringified = '^(?:0|-?(?:[1-9]\\d{0,20}(?:\\.\\d*[1-9])?|0\\.0{0,5}[1-9](?:\\d*[1-9])?|.*e.*))$'

/** Exponents as JSON has them, as far as one digit before the point stays a finite number. */
const withExponent = '^-?\\d(?:\\.\\d+)?[eE](?:\\+?(?:\\d\\d?|[12]\\d\\d|30[0-7])|-\\d{1,3})$'

type Magnitudes = (interval: Interval, limits: Limits) => TableDfa

/** The narrower of two ends on each side; of equal ones that which excludes. */
function intervalOf({ minimum, exclusiveMinimum, maximum, exclusiveMaximum }: NumberRules): Interval {
  const narrowest = (inclusive: string | undefined, exclusive: string | undefined, side: number): End | undefined => {
    const first = inclusive === undefined ? undefined : { value: parseDecimal(inclusive), isExclusive: false }
    const second = exclusive === undefined ? undefined : { value: parseDecimal(exclusive), isExclusive: true }
    if (!first || !second) return first ?? second
    return compareDecimals(first.value, second.value) * side > 0 ? first : second
  }
  return { from: narrowest(minimum, exclusiveMinimum, 1), to: narrowest(maximum, exclusiveMaximum, -1) }
}

/** The numbers of an interval, by their magnitudes on either side of zero; zero has both signs. */
function signed({ from, to }: Interval, magnitudes: Magnitudes, limits: Limits): TableDfa {
  const side = (from: End | undefined, to: End | undefined): TableDfa =>
    to?.value.isNegative ? ofStrings([]) : magnitudes({ from: from?.value.isNegative ? undefined : from, to }, limits)
  const mirrored = (end: End | undefined): End | undefined => end && { ...end, value: negated(end.value) }
  return withSigns(side(from, to), side(mirrored(to), mirrored(from)), limits)
}

function eitherSign(magnitudes: TableDfa, limits: Limits): TableDfa {
  return withSigns(magnitudes, magnitudes, limits)
}

function withSigns(positive: TableDfa, negative: TableDfa, limits: Limits): TableDfa {
  return union(positive, concatenation([ofStrings(['-']), negative], limits), limits)
}

/** `set`: the numbers with exponent that are asked for, which says whether there are large ones. */
function scientificMultiples(divisor: Decimal, set: TableDfa, limits: Limits): TableDfa {
  if (isEmpty(set)) return set
  if (divisor.exponent < -6) throw new UnsupportedError('multipleOf below 0.000001 is not supported')
  // Below 10⁻⁶ there is no multiple but zero, which is written without exponent.
  const large = intersection(set, regexDfa('e\\+'), limits)
  return isEmpty(large) ? large : eitherSign(largeMultiples(divisor, limits), limits)
}

function divisor(text: string): Decimal {
  const value = parseDecimal(text)
  if (value.digits === '' || value.isNegative) throw new InputError(`multipleOf: expected more than 0, found ${text}`)
  return value
}
