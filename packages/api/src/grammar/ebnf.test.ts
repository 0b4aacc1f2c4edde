import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { compile } from './compile.ts'
import { ebnf } from './ebnf.ts'
import { Pushdown } from './pushdown.ts'
import { accepts } from './run.fixture.ts'

const run = (text: string): Pushdown => new Pushdown(compile(ebnf(text)))

/** A regular expression that means the same here and in this EBNF, where letters stand in quotes. */
const { node } = fc.letrec<{ node: { js: string; ebnf: string } }>((tie) => ({
  node: fc.oneof(
    { depthSize: 'small' },
    fc.constantFrom('a', 'b', 'é', '🙂').map((c) => ({ js: c, ebnf: `"${c}"` })),
    fc.constantFrom('[ab]', '[^a]', '[a-cé]', '[^\\u{1F600}-\\u{1F64F}]').map((c) => ({ js: c, ebnf: c })),
    fc.constantFrom('a|bb', '[^b]{2}', 'é+').map((c) => ({ js: `(?:${c})`, ebnf: `/${c}/` })),
    fc.tuple(tie('node'), fc.constantFrom('*', '+', '?', '{2}', '{1,}', '{0,2}')).map(([of, times]) => ({
      js: `(?:${of.js})${times}`,
      ebnf: `(${of.ebnf})${times}`,
    })),
    fc.array(tie('node'), { maxLength: 3 }).map((of) => ({
      js: of.map(({ js }) => js).join(''),
      ebnf: `( ${of.map(({ ebnf }) => ebnf).join(' ')} )`,
    })),
    fc.array(tie('node'), { minLength: 1, maxLength: 3 }).map((of) => ({
      js: `(?:${of.map(({ js }) => js).join('|')})`,
      ebnf: `( ${of.map(({ ebnf }) => ebnf).join(' | ')} )`,
    })),
  ),
}))

describe('ebnf', () => {
  it('means what the same regular expression means', () => {
    const texts = fc.array(fc.string({ unit: fc.constantFrom('a', 'b', 'c', 'é', '🙂'), maxLength: 5 }), {
      minLength: 20,
    })
    fc.assert(
      fc.property(node, texts, ({ js, ebnf }, texts) => {
        const automaton = run(`root ::= ${ebnf}`)
        const expected = new RegExp(`^(?:${js})$`, 'u')
        for (const text of texts) expect(`${text} ${accepts(automaton, text)}`).toBe(`${text} ${expected.test(text)}`)
      }),
      { seed: 1, numRuns: 1000 },
    )
  })

  it('reads the grammar of its own description', () => {
    const automaton = run(`
      # A comment, up to the end of the line.
      root    ::= "SELECT " columns " FROM " name ";"?
      columns ::= "*" | name (", " name){0,9}   # "not" a rule
      name    ::=
        [a-zA-Z_] [a-zA-Z0-9_]*
      date    ::= /[0-9]{4}-[0-9]{2}-[0-9]{2}/`)
    expect(accepts(automaton, 'SELECT a, b_2 FROM t;')).toBe(true)
    expect(accepts(automaton, `SELECT a${', a'.repeat(9)} FROM t`)).toBe(true)
    expect(accepts(automaton, `SELECT a${', a'.repeat(10)} FROM t`)).toBe(false)
    expect(accepts(automaton, 'SELECT  FROM t')).toBe(false)
  })

  it('reads recursion and empty alternatives', () => {
    const automaton = run('root ::= "(" root ")" root | ')
    for (const [text, is] of [
      ['', true],
      ['(()())()', true],
      ['(()', false],
      ['())', false],
    ] as const) {
      expect(accepts(automaton, text)).toBe(is)
    }
  })

  it.each([
    [String.raw`root ::= "\n\r\t\\\"\x41\u00e9\u{1F642}\ud83d\ude42"`, '\n\r\t\\"Aé🙂🙂'],
    [String.raw`root ::= '"\'' "'\""`, `"''"`],
    [String.raw`root ::= [\]\^\-\\] [-a] [a-] [^\]]`, ']--['],
    [String.raw`root ::= /a\/b[/]/`, 'a/b/'],
    ['root ::= a-b\na-b ::= "x"', 'x'],
  ])('%s: %j', (grammar, text) => {
    expect(accepts(run(grammar), text)).toBe(true)
  })

  it.each([
    ['', 'line 1, column 1: there is no rule "root"'],
    ['root "a"', 'line 1, column 6: expected ::=, found "\\""'],
    ['root ::= "a', 'line 1, column 12: expected ", which ends a text, found the end'],
    ['root ::= "é🙂a\n"', 'line 1, column 14: expected ", which ends a text, found "\\n"'],
    ['root ::= [a', 'line 1, column 12: expected "]"'],
    ['root ::= [b-a]', 'line 1, column 11: a range that ends'],
    ['root ::= ("a"\n  | b', 'line 2, column 6: expected ")"'],
    ['root ::= "a" )', 'line 1, column 14: expected the next part of the rule, or another rule, found ")"'],
    ['root ::= "a"\nroot ::= "b"', 'line 2, column 1: rule "root" is there twice'],
    ['root ::= "a"\n  x y', 'line 2, column 3: there is no rule "x"'],
    ['root ::= "a"{2,1}', 'line 1, column 13: {2,1}: the counts are not in order'],
    ['root ::= "a"{x}', 'line 1, column 13: expected {m}, {m,} or {m,n}'],
    ['root ::= "a" *', 'line 1, column 14: expected the next part'],
    ['root ::= * "a"', 'column 10: expected the next part'],
    ['root ::= "\\q"', 'line 1, column 11: unknown escape'],
    ['root ::= "\\ud83d"', 'half of a surrogate pair'],
    ['root ::= "\\u{110000}"', 'no code point'],
    ['root ::= /a', 'expected a regular expression, ended by "/"'],
    ['root ::= /a)|(b/', 'line 1, column 11:'],
  ])('refuses %j', (grammar, message) => {
    expect(() => ebnf(grammar)).toThrow(message)
  })

  it('refuses groups that are nested too deeply', () => {
    expect(() => ebnf(`root ::= ${'('.repeat(100_000)}`)).toThrow('groups within groups, more than 200')
    const deep = run(`root ::= ${'('.repeat(200)}"a"${')?'.repeat(200)}`)
    expect(accepts(deep, '') && accepts(deep, 'a')).toBe(true)
  })
})
