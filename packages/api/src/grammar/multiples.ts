import { UnsupportedError } from '@tramontane/core'
import { byteClasses } from './byte-classes.ts'
import type { Decimal } from './decimal.ts'
import { exploredDfa } from './explore.ts'
import { concatenation } from './glue.ts'
import { type Limits } from './limit.ts'
import { exponentsWhere } from './magnitudes.ts'
import { intersection } from './product.ts'
import { regexDfa } from './regex.ts'
import type { TableDfa } from './table-dfa.ts'

const digitsAndPoint = byteClasses((byte) => ((byte >= 0x30 && byte <= 0x39) || byte === 0x2e ? byte : ''))
const point = 0x2e

/** A divisor as whole / 10^places. */
interface Divisor {
  readonly whole: number
  readonly places: number
}

/** A divisor whose remainders would be more states than allowed is refused. */
function divisorOf({ digits, exponent }: Decimal, limits: Limits): Divisor {
  const places = Math.max(0, digits.length - 1 - exponent)
  const whole = Number(digits + '0'.repeat(Math.max(0, exponent + 1 - digits.length)))
  if (whole * (places + 2) > limits.states)
    throw new UnsupportedError(`a divisor of this many digits needs more than ${limits.states} states, the limit`)
  return { whole, places }
}

/** Numbers without sign and exponent that are multiples of `divisor` (not zero): `12`, `0.50`. */
export function plainMultiples(divisor: Decimal, limits: Limits): TableDfa {
  const { whole, places } = divisorOf(divisor, limits)
  // The remainder of the digits so far, and how many of them are behind the point; −1 before it.
  interface Read {
    readonly remainder: number
    readonly behind: number
    readonly endsInDigit: boolean
  }
  const next = ({ remainder, behind, endsInDigit }: Read, byte: number): Read | undefined => {
    if (byte === point) return behind < 0 && endsInDigit ? { remainder, behind: 0, endsInDigit: false } : undefined
    const digit = byte - 0x30
    if (digit < 0 || digit > 9) return undefined
    // Behind the divisor's last place only zeros may follow.
    if (behind === places) return digit === 0 ? { remainder, behind, endsInDigit: true } : undefined
    return { remainder: (remainder * 10 + digit) % whole, behind: behind < 0 ? -1 : behind + 1, endsInDigit: true }
  }
  const description = {
    start: { remainder: 0, behind: -1, endsInDigit: false } as Read,
    key: ({ remainder, behind, endsInDigit }: Read) => `${remainder} ${behind} ${endsInDigit}`,
    next,
    isFinal: ({ remainder, behind, endsInDigit }: Read) => {
      let scaled = remainder
      for (let place = Math.max(0, behind); place < places; place++) scaled = (scaled * 10) % whole
      return endsInDigit && scaled === 0
    },
  }
  return exploredDfa(digitsAndPoint, description, limits)
}

/** Numbers of JavaScript have at most 17 digits: those behind the first take 16 of the at least 21 places before the point. */
const zerosBehind = 21 - 16

/**
 * Multiples of `divisor` from 10²¹ on, without sign, as JSON.stringify writes them. At least five zeros stand behind their digits,
 * so that only the part of the divisor counts that has no factor 2 or 5; divisors for which these zeros are too few are refused.
 */
export function largeMultiples(divisor: Decimal, limits: Limits): TableDfa {
  const { whole, places } = divisorOf(divisor, limits)
  const [twos, withoutTwos] = factored(whole, 2)
  const [fives, rest] = factored(withoutTwos, 5)
  if (Math.max(twos, fives) > zerosBehind + places)
    throw new UnsupportedError(`a divisor with ${Math.max(twos, fives)} factors 2 or 5 needs a bound below 1e21`)
  const mantissas = regexDfa('^[1-9](?:\\.\\d{0,15}[1-9])?$', limits)
  return concatenation(
    [intersection(mantissas, digitsDividedBy(rest, limits), limits), exponentsWhere((e) => e > 0)],
    limits,
  )
}

/** How often a factor is in a number, and what is left. */
function factored(whole: number, factor: number): [number, number] {
  let [times, rest] = [0, whole]
  for (; rest % factor === 0; rest /= factor) times++
  return [times, rest]
}

/** Texts of digits and points whose digits are a multiple of `divisor`. */
function digitsDividedBy(divisor: number, limits: Limits): TableDfa {
  const description = {
    start: 0,
    key: (remainder: number) => remainder,
    next: (remainder: number, byte: number) => {
      if (byte === point) return remainder
      return byte >= 0x30 && byte <= 0x39 ? (remainder * 10 + byte - 0x30) % divisor : undefined
    },
    isFinal: (remainder: number) => remainder === 0,
  }
  return exploredDfa(digitsAndPoint, description, limits)
}
