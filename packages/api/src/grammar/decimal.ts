import { InputError } from '@tramontane/core'

/** A number exactly: ± d.ddd · 10^exponent, by its digits without zeros before or behind; zero has none. */
export interface Decimal {
  readonly isNegative: boolean
  readonly digits: string
  readonly exponent: number
}

/** Beyond these no number of JavaScript lies, and digits written out would be many. */
const largestExponent = 400

/** A JSON number as text → its exact value. Throws InputError where it is none, or of more than 400 digits. */
export function parseDecimal(text: string): Decimal {
  const found = /^(-?)(0|[1-9]\d*)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/.exec(text)
  if (!found) throw new InputError(`expected a number, found ${JSON.stringify(text.slice(0, 60))}`)
  const [, minus, whole, fraction = '', power = '0'] = found
  const all = whole! + fraction
  const digits = all.replace(/^0+/, '').replace(/0+$/, '')
  if (digits === '') return { isNegative: false, digits, exponent: 0 }
  const exponent = whole!.length - 1 - /^0*/.exec(all)![0].length + Number(power)
  if (Math.abs(exponent) > largestExponent || digits.length > largestExponent)
    throw new InputError(`the number ${text.slice(0, 60)} has more than ${largestExponent} digits, the limit`)
  return { isNegative: minus === '-', digits, exponent }
}

/** The magnitude written out: digits before and behind the point, without zeros that say nothing. */
export function writtenOut({ digits, exponent }: Decimal): { readonly whole: string; readonly fraction: string } {
  if (exponent < 0) return { whole: '', fraction: '0'.repeat(-exponent - 1) + digits }
  const padded = digits === '' ? '' : digits.padEnd(exponent + 1, '0')
  return { whole: padded.slice(0, exponent + 1), fraction: padded.slice(exponent + 1) }
}

/** −1, 0 or 1: how the first compares with the second. */
export function compareDecimals(a: Decimal, b: Decimal): number {
  const sign = ({ isNegative, digits }: Decimal): number => (digits === '' ? 0 : isNegative ? -1 : 1)
  if (sign(a) !== sign(b)) return sign(a) < sign(b) ? -1 : 1
  const larger = Math.sign(a.exponent - b.exponent) || (a.digits < b.digits ? -1 : a.digits > b.digits ? 1 : 0)
  // Not −0, which tests tell from 0.
  return sign(a) * larger || 0
}

/** The same with the other sign. */
export function negated(decimal: Decimal): Decimal {
  return { ...decimal, isNegative: decimal.digits !== '' && !decimal.isNegative }
}
