import fc from 'fast-check'
import { expect, test } from 'vitest'
import { LimitError, type TableDfa } from './automaton.ts'
import { acceptsText, isWellFormed } from './automata.fixture.ts'
import { classEscapes, dot } from './regex-characters.ts'
import { Properties } from './regex-properties.ts'
import { regexDfa, RegexError } from './regex.ts'
import { patternWithTexts } from './regex.fixture.ts'

test('random patterns are found in the texts in which the platform finds them', () => {
  let refused = 0
  fc.assert(
    fc.property(patternWithTexts, ({ pattern, texts }) => {
      const dfa = withinLimits(pattern)
      if (!dfa) return void refused++
      const wrong = texts.filter((text) => acceptsText(dfa, text) !== isFound(pattern, text))
      expect({ pattern, wrong }).toEqual({ pattern, wrong: [] })
    }),
    { seed: 11, numRuns: 2000 },
  )
  expect(refused).toBeLessThan(100)
})

/**
 * Whether the platform finds a pattern, as the standard has it: from code point to code point. Searching by itself V8 may also
 * begin between two surrogates: /(?!🙂)\B/u is found at 1 in "🙂a".
 */
function isFound(pattern: string, text: string): boolean {
  const platform = new RegExp(pattern, 'uy')
  const starts = [...text].map((_, i, characters) => characters.slice(0, i).join('').length)
  return [...starts, text.length].some((at) => {
    platform.lastIndex = at
    return platform.test(text)
  })
}

/** Random patterns may be such that no automaton of a size that is sensible finds them. */
function withinLimits(pattern: string): TableDfa | undefined {
  try {
    return regexDfa(pattern, { states: 20_000, steps: 50_000 })
  } catch (error) {
    if (error instanceof LimitError) return undefined
    throw error
  }
}

const found: readonly (readonly [string, readonly string[]])[] = [
  ['', ['', 'a', '\n']],
  ['^$', ['', 'a']],
  ['a$b|^^a$$', ['a', 'ab', 'ba']],
  ['(?<year>\\d{4})-(?:0[1-9]|1[0-2])$', ['2024-01', 'x2024-12', '2024-13', '202-01']],
  ['^a{2,3}?b*?c+?$', ['aac', 'aaac', 'aabbcc', 'ac', 'aaaac']],
  ['^[^\\W\\d]+[\\]\\-^.]$', ['ab]', 'a-', 'a^', 'a.', '1.', 'a']],
  ['^[\\b\\cA\\0\\x41\\u0042\\u{1F642}\\ud83d\\ude43]$', ['\b', '\u0001', '\0', 'A', 'B', '🙂', '🙃', 'c', '\ud83d']],
  ['^\\p{Lu}\\P{L}\\p{Script=Greek}\\p{General_Category=Decimal_Number}$', ['Ä1α3', 'ä1α3', 'ÄÄα3', 'Ä1a3']],
  ['^[\\cj\\cJ]$', ['\n', '*', 'j']],
  ['^[a-cc-ee]f$', ['af', 'cf', 'df', 'ef', 'ff']],
  ['^.$', ['a', '🙂', '\n', '\u2028', 'ab']],
  ['[]', ['', 'a']],
  ['^[^]$', ['\n', 'a', 'ab']],
  ['\\bfoo\\b', ['foo', 'a foo b', 'foob', 'xfoo', 'foo!', '-foo-']],
  ['\\Boo\\B', ['foot', 'oo', 'foo', 'oot']],
  ['^(?=.*\\d)(?=.*[a-z])(?!.*\\s).{4,6}$', ['abc1', '1abc', 'abcd', '1234', 'a 12', 'abcdef1']],
  ['(?<=\\$|^€)\\d+(?!\\d|%)', ['$12', '€5', '5', '$5%', '$55%', 'x€5']],
  ['(?<!a)b', ['b', 'ab', 'abb', 'aab']],
  ['(?:(?=a)[ab]|(?=bc)b)+c', ['abc', 'bc', 'ac', 'bbc', 'bb']],
  ['^(?=(?:(?!ab).)*$)[ab]+$', ['ba', 'ab', 'bab', 'bba']],
  ['a(?=\\b)', ['a', 'ab', 'a b']],
  ['^(?:a|(?=b))*b$', ['b', 'aab', 'a']],
]

test.each(found)('%s', (pattern, texts) => {
  const dfa = regexDfa(pattern)
  // Lone surrogates have no UTF-8, so that no pattern is found in them.
  const expected = texts.filter((text) => isWellFormed(text) && new RegExp(pattern, 'u').test(text))
  expect(texts.filter((text) => isWellFormed(text) && acceptsText(dfa, text))).toEqual(expected)
})

test('the sets behind escapes are the platform’s, over all code points', () => {
  const sets = [...[...classEscapes].map(([letter, set]) => [`\\${letter}`, set] as const), ['.', dot] as const]
  for (const [escape, set] of sets) {
    const one = new RegExp(`^${escape}$`, 'u')
    const isIn = new Uint8Array(0x110000)
    for (const { from, to } of set) isIn.fill(1, from, to + 1)
    const wrong = [...isIn.keys()].filter((point) => (isIn[point] === 1) !== one.test(String.fromCodePoint(point)))
    expect([escape, wrong]).toEqual([escape, []])
  }
})

test('properties hold the code points that the platform says', () => {
  for (const name of ['L', 'Script=Cyrillic', 'Noncharacter_Code_Point', 'Emoji', 'Cn', 'Any']) {
    const one = new RegExp(`^\\p{${name}}$`, 'u')
    const isIn = new Uint8Array(0x110000)
    for (const { from, to } of new Properties().get(name)!) isIn.fill(1, from, to + 1)
    const isWrong = (point: number): boolean => (isIn[point] === 1) !== one.test(String.fromCodePoint(point))
    const wrong = [...isIn.keys()].filter((point) => (point < 0xd800 || point > 0xdfff) && isWrong(point))
    expect([name, wrong]).toEqual([name, []])
  }
})

test('beyond u, punctuation may be escaped', () => {
  for (const text of ['-', '_', '@', "'", '"', ' ', '#', '%', '&', '~', ':', '/'])
    expect(acceptsText(regexDfa(`^\\${text}$`), text)).toBe(true)
})

test.each([
  ['a(b', /a "\(" without its "\)", at position 1/],
  ['a)b', /a "\)" without its "\(", at position 1/],
  ['[a', /a "\[" without its "\]", at position 0/],
  ['a**', /"\*" where a character was expected, at position 2/],
  ['{', /"\{" where/],
  ['a{2,1}', /out of order, at position 1/],
  ['[b-a]', /out of order, at position 1/],
  ['[\\d-z]', /not single characters, at position 1/],
  ['^*', /nothing to repeat, at position 1/],
  ['(?=a)*', /nothing to repeat, at position 5/],
  ['(a)\\1', /backreference, which is not supported, at position 3/],
  ['(?<n>a)\\k<n>', /backreference/],
  ['(?i:a)', /flags/],
  ['\\A', /unknown escape, at position 0/],
  ['\\', /backslash at the end/],
  ['\\u{110000}', /beyond 10FFFF/],
  ['\\p{Nothing}', /property of Unicode/],
  ['\\pL', /property of Unicode/],
  [[...'LMNPSZ'].map((name) => `\\p{${name}}`).join(''), /or the 6th, at position 25/],
  ['\\c1', /unknown escape/],
  ['\\01', /unknown escape/],
  ['(?=(?<=a)b)', /a lookbehind in a lookahead, which is not supported, at position 3/],
  ['(?<=a(?=b))', /a lookahead in a lookbehind/],
  ['(?<=a$)', /\$ or \\b in a lookbehind/],
  ['('.repeat(250), /more than 200 nested groups/],
])('%s is refused', (pattern, message) => {
  expect(() => regexDfa(pattern)).toThrow(message)
  expect(() => regexDfa(pattern)).toThrow(RegexError)
})

test('bombs are refused by the limit that they meet, or are none', () => {
  for (const bomb of [
    '(a{1,1000}){1,1000}',
    '.*a.{30}$',
    '(?:){1000000000}',
    'a{99999999999999999999}',
    '(((a*)*)*)*'.repeat(9999),
  ])
    expect(() => regexDfa(bomb)).toThrow(LimitError)
  expect(regexDfa('(.*a){30}').size).toBeGreaterThan(30)
  expect(acceptsText(regexDfa('^(a+)+$'), `${'a'.repeat(1e5)}b`)).toBe(false)
})
