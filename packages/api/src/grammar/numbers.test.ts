import fc from 'fast-check'
import { expect, test } from 'vitest'
import { isEmpty, isSubset } from './automaton.ts'
import { acceptsText } from './automata.fixture.ts'
import { numbers, type NumberRules } from './numbers.ts'

/** A number exactly: units · 10^power. */
interface Exact {
  readonly units: bigint
  readonly power: number
}

function exact(text: string): Exact {
  const [mantissa, power = '0'] = text.toLowerCase().split('e') as [string, string?]
  const [whole, fraction = ''] = mantissa.split('.') as [string, string?]
  return { units: BigInt(whole + fraction), power: Number(power) - fraction.length }
}

/** Both as multiples of the same power of ten. */
function aligned(a: Exact, b: Exact): [bigint, bigint] {
  const power = Math.min(a.power, b.power)
  return [a, b].map(({ units, power: own }) => units * 10n ** BigInt(own - power)) as [bigint, bigint]
}

function satisfies(text: string, rules: NumberRules): boolean {
  const value = exact(text)
  const compare = (bound: string): number => {
    const [a, b] = aligned(value, exact(bound))
    return a < b ? -1 : a > b ? 1 : 0
  }
  const isMultiple = (divisor: string): boolean => {
    const [a, b] = aligned(value, exact(divisor))
    return a % b === 0n
  }
  return (
    (rules.minimum === undefined || compare(rules.minimum) >= 0) &&
    (rules.exclusiveMinimum === undefined || compare(rules.exclusiveMinimum) > 0) &&
    (rules.maximum === undefined || compare(rules.maximum) <= 0) &&
    (rules.exclusiveMaximum === undefined || compare(rules.exclusiveMaximum) < 0) &&
    (rules.multipleOf ?? []).every(isMultiple)
  )
}

const isPlain = (text: string): boolean => /^-?(?:0|[1-9]\d*)(?:\.\d+)?$/.test(text)
const isJavaScripts = (text: string): boolean => JSON.stringify(Number(text)) === text

const digits = fc.string({ unit: fc.constantFrom(...'0123459'), maxLength: 4 })
/** Small decimals, near to each other. */
const decimal = fc
  .tuple(fc.constantFrom('', '-'), fc.constantFrom('0', '1', '9', '10', '12', '99', '100', '120'), digits)
  .map(([minus, whole, fraction]) => `${minus}${whole}${fraction && '.'}${fraction}`)
const double = fc.oneof(
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.constantFrom(
    1e21,
    -1e21,
    999999999999999900000,
    1e-6,
    1e-7,
    -9.999e-7,
    5e-324,
    1.7976931348623157e308,
    1.5e22,
    2 ** 53,
  ),
  fc.integer(),
)
const bound = fc.oneof(
  { weight: 3, arbitrary: decimal },
  { weight: 1, arbitrary: double.map((value) => JSON.stringify(value)) },
)
const divisor = fc.constantFrom(
  '1',
  '2',
  '3',
  '7',
  '12',
  '32',
  '0.1',
  '0.01',
  '0.05',
  '2.5',
  '0.3',
  '1e1',
  '1.0',
  '1e-3',
)
const maybe = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> => fc.option(arbitrary, { nil: undefined })
const rules: fc.Arbitrary<NumberRules> = fc.record({
  minimum: maybe(bound),
  exclusiveMinimum: fc.oneof({ weight: 3, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: bound }),
  maximum: maybe(bound),
  exclusiveMaximum: fc.oneof({ weight: 3, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: bound }),
  multipleOf: maybe(fc.array(divisor, { maxLength: 2 })),
})
const runs = { seed: 31, numRuns: 150 }

/** The texts around the rules' own numbers, a digit or a zero away. */
function around(rules: NumberRules): string[] {
  const own = [
    rules.minimum,
    rules.exclusiveMinimum,
    rules.maximum,
    rules.exclusiveMaximum,
    ...(rules.multipleOf ?? []),
  ]
  return own
    .filter((text) => text !== undefined)
    .flatMap((text) => {
      const point = text.includes('.') ? '' : '.'
      const more = text.includes('e') ? [] : ['0', '00', '01', '5'].map((tail) => `${text}${point}${tail}`)
      return [text, `-${text}`, text.slice(1), text.slice(0, -1), `${text}0`, `1${text}`, ...more]
    })
}

test('the numbers that satisfy all rules exactly, as JSON.stringify writes them and in any form', () => {
  fc.assert(
    fc.property(
      rules,
      fc.array(
        fc.oneof(
          decimal,
          double.map((value) => JSON.stringify(value)),
        ),
        { minLength: 20 },
      ),
      (rules, others) => {
        const stringified = numbers(rules, 'stringified')
        const any = numbers(rules, 'any form')
        for (const text of [...others, ...around(rules)]) {
          if (!isPlain(text) && !isJavaScripts(text)) continue
          const isIn = satisfies(text, rules)
          expect([text, acceptsText(any, text)]).toEqual([text, isIn])
          if (isJavaScripts(text)) expect([text, acceptsText(stringified, text)]).toEqual([text, isIn])
        }
        expect(isSubset(stringified, any)).toBe(true)
      },
    ),
    runs,
  )
})

test('multiples from 10^21 on', () => {
  const divisors = ['3', '7', '32', '96', '0.7', '12.5', '99']
  const sets = new Map(divisors.map((divisor) => [divisor, numbers({ multipleOf: [divisor] }, 'stringified')]))
  const large = fc.tuple(fc.bigInt({ min: 1n, max: 10n ** 16n }), fc.integer({ min: 6, max: 280 }))
  fc.assert(
    fc.property(large, fc.constantFrom(...divisors), ([units, power], divisor) => {
      const value = Number(`${units}e${power}`)
      for (const text of [value, value * 3, value * 7 * 99].map((number) => JSON.stringify(number)))
        expect([text, acceptsText(sets.get(divisor)!, text)]).toEqual([
          ...[text, satisfies(text, { multipleOf: [divisor] })],
        ])
    }),
    { ...runs, numRuns: 1000 },
  )
})

test('without rules: every number of JavaScript, and JSON’s grammar', () => {
  const [stringified, any] = [numbers({}, 'stringified'), numbers({}, 'any form')]
  fc.assert(
    fc.property(
      double,
      (value) => acceptsText(stringified, JSON.stringify(value)) && acceptsText(any, JSON.stringify(value)),
    ),
    { ...runs, numRuns: 3000 },
  )
  for (const text of [
    '1.0',
    '-0',
    '-0.0',
    '1E5',
    '1e05',
    '12.50',
    '0.0000001',
    '1.5e-007',
    '0e0',
    '1000000000000000000000000',
  ])
    expect([text, acceptsText(any, text), acceptsText(stringified, text)]).toEqual([text, true, false])
  for (const text of [
    '',
    '-',
    '01',
    '1.',
    '.5',
    '+1',
    '1e',
    '1e+',
    '0x1',
    'NaN',
    'Infinity',
    '1e309',
    '9.9e308',
    '9.9e+308',
    '1.8e+308',
    '1 ',
    '--1',
    '1.2.3',
  ])
    expect([text, acceptsText(any, text), acceptsText(stringified, text)]).toEqual([text, false, false])
})

test('integers: 1.0 is one, in any form', () => {
  const [stringified, any] = [numbers({ multipleOf: ['1'] }, 'stringified'), numbers({ multipleOf: ['1'] }, 'any form')]
  for (const text of ['0', '-7', '10', '100000000000000000000', '1e+21', '-1.5e+300'])
    expect([text, acceptsText(any, text), acceptsText(stringified, text)]).toEqual([text, true, true])
  for (const text of ['1.0', '-0', '20.000'])
    expect([text, acceptsText(any, text), acceptsText(stringified, text)]).toEqual([text, true, false])
  for (const text of ['1.5', '0.1', '1e-7', '1.01', '1.2345678901234567890123e+21'])
    expect([text, acceptsText(any, text), acceptsText(stringified, text)]).toEqual([text, false, false])
})

test('rules that contradict each other leave nothing', () => {
  expect(isEmpty(numbers({ minimum: '2', exclusiveMaximum: '2' }, 'any form'))).toBe(true)
  expect(isEmpty(numbers({ exclusiveMinimum: '1', exclusiveMaximum: '2', multipleOf: ['1'] }, 'any form'))).toBe(true)
})

test('what is no rule or has no automaton of a sensible size is refused', () => {
  expect(() => numbers({ minimum: 'x' }, 'any form')).toThrow(/expected a number/)
  expect(() => numbers({ minimum: '1e1000' }, 'any form')).toThrow(/400 digits/)
  expect(() => numbers({ multipleOf: ['0'] }, 'any form')).toThrow(/more than 0/)
  expect(() => numbers({ multipleOf: ['-1'] }, 'any form')).toThrow(/more than 0/)
  expect(() => numbers({ multipleOf: ['123456'] }, 'any form')).toThrow(/20000 states/)
  expect(() => numbers({ multipleOf: ['1e-7'] }, 'any form')).toThrow(/below 0.000001/)
  expect(acceptsText(numbers({ exclusiveMinimum: '0' }, 'stringified'), '1e-324')).toBe(false)
  expect(() => numbers({ multipleOf: ['64'] }, 'any form')).toThrow(/below 1e21/)
  expect(acceptsText(numbers({ multipleOf: ['64'], minimum: '0', maximum: '1e20' }, 'any form'), '128')).toBe(true)
})
