import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { compile } from './compile.ts'
import { choice, optional, repeat, rule, sequence, set, text, type Expression, type Grammar } from './grammar.ts'
import { Pushdown } from './pushdown.ts'
import { allStrings, derives, grammars } from './reference.fixture.ts'
import { rowsDfa } from './rows.ts'
import { accepts, completed, read } from './run.fixture.ts'

const strings = allStrings('ab', 5).map((t) => new TextEncoder().encode(t))

function grammar(rules: Record<string, Expression>, start = Object.keys(rules)[0]!): Grammar {
  return { rules: new Map(Object.entries(rules)), start }
}

function run(rules: Record<string, Expression>): Pushdown {
  return new Pushdown(compile(grammar(rules)))
}

/** Undefined where the grammar is refused, and the reason. */
function compiled(given: Grammar): Pushdown | string {
  try {
    return new Pushdown(compile(given))
  } catch (error) {
    return (error as Error).message
  }
}

describe('compile', () => {
  it('accepts what the definition derives, and has a state just for what begins such a text', () => {
    const met = { compiled: 0, recursive: 0, empty: 0 }
    fc.assert(
      fc.property(grammars, (given) => {
        const automaton = compiled(given)
        const derived = strings.filter((bytes) => derives(given, bytes))
        if (typeof automaton === 'string') {
          expect(automaton).toMatch(/left recursion|accepts no text/)
          if (automaton.includes('no text')) expect(derived).toEqual([])
          met[automaton.includes('no text') ? 'empty' : 'recursive']++
          return
        }
        met.compiled++
        expect(strings.filter((bytes) => accepts(automaton, bytes))).toEqual(derived)
        for (const bytes of derived)
          for (let i = 0; i < bytes.length; i++) expect(read(automaton, bytes.subarray(0, i))).not.toBeNull()
        for (const bytes of strings)
          if (read(automaton, bytes)) expect(derives(given, completed(automaton, bytes))).toBe(true)
      }),
      { seed: 5, numRuns: 600 },
    )
    expect(met.compiled).toBeGreaterThan(250)
    expect(met.empty).toBeGreaterThan(60)
    expect(met.recursive).toBeGreaterThan(5)
  })

  it('says which bytes are possible: those with a state', () => {
    const automaton = run({ value: choice(text('null'), text('nil'), sequence(optional(text('-')), text('1'))) })
    expect(String.fromCharCode(...automaton.bytesFrom(automaton.start))).toBe('-1n')
    expect(String.fromCharCode(...automaton.bytesFrom(read(automaton, 'n')!))).toBe('iu')
    expect(automaton.bytesFrom(read(automaton, 'nil')!)).toEqual([])
  })

  it('refuses what is no grammar, by name', () => {
    expect(compiled(grammar({ a: rule('b') }))).toMatch('rule "a": there is no rule "b"')
    expect(compiled(grammar({ a: text('x') }, 'b'))).toMatch('there is no rule "b"')
    expect(compiled(grammar({ a: repeat(text('x'), 2, 1) }))).toMatch('rule "a": repeated {2,1}')
    expect(compiled(grammar({ a: repeat(text('x'), 0.5, null) }))).toMatch('repeated {0.5,}')
    expect(compiled(grammar({ a: sequence(text('x'), rule('a')) }))).toMatch('rule "a" accepts no text at all')
    const sum = { sum: choice(sequence(rule('sum'), text('+1')), text('1')) }
    expect(compiled(grammar(sum))).toMatch('left recursion: a text of "sum" begins with itself')
    const hidden = { a: choice(sequence(optional(text('x')), rule('b'), text('y')), text('z')), b: rule('a') }
    expect(compiled(grammar(hidden))).toMatch(/left recursion: a text of ("a" → "b"|"b" → "a")/)
  })

  it('refuses nesting that is too deep, and takes what is deep', () => {
    const nested = (depth: number): Expression => {
      let inner = text('x')
      for (let i = 0; i < depth; i++) inner = sequence(text('('), optional(inner), text(')'))
      return inner
    }
    const automaton = run({ a: nested(900) })
    expect(accepts(automaton, '('.repeat(900) + 'x' + ')'.repeat(900))).toBe(true)
    expect(accepts(automaton, '('.repeat(901) + ')'.repeat(901))).toBe(false)
    expect(compiled(grammar({ a: nested(100_000) }))).toMatch('nested more than 2000 deep')
    const chain = Array.from({ length: 50_000 }, (_, i): [string, Expression] => [`r${i}`, rule(`r${i + 1}`)])
    const long = { rules: new Map([...chain, ['r50000', text('y')]]), start: 'r0' }
    expect(accepts(compiled(long) as Pushdown, 'y')).toBe(true)
  })

  it('goes once through what can be reached in many ways, and refuses what is large', () => {
    const twice = Array.from({ length: 100 }, (_, i): [string, Expression] => [
      `r${i}`,
      choice(rule(`r${i + 1}`), sequence(rule(`r${i + 1}`), optional(text('z')))),
    ])
    const from = (start: string) => compiled({ rules: new Map([...twice, ['r100', text('y')]]), start }) as Pushdown
    expect(accepts(from('r93'), 'yzzz')).toBe(true)
    // Each of them may, or may not, be followed by a z.
    expect(() => from('r60').start).toThrow('too ambiguous')
    const same = twice.map(([name], i): [string, Expression] => [name, choice(rule(`r${i + 1}`), rule(`r${i + 1}`))])
    const once = compiled({ rules: new Map([...same, ['r100', text('y')]]), start: 'r0' }) as Pushdown
    expect(accepts(once, 'y')).toBe(true)
    let doubled = text('a')
    for (let i = 0; i < 16; i++) doubled = sequence(repeat(doubled, 0, 9), repeat(doubled, 0, null))
    expect(compiled(grammar({ a: doubled }))).toMatch('more than 100000 steps')
    for (let i = 0; i < 16; i++) doubled = sequence(doubled, doubled)
    expect(compiled(grammar({ a: doubled }))).toMatch('more than 1000000 parts')
  })

  it('counts without a state for each number', () => {
    const program = compile(grammar({ a: sequence(repeat(text('x'), 3, 100_000), text('y')) }))
    expect(program.size).toBeLessThan(10)
    const automaton = new Pushdown(program)
    const after = (count: number): string =>
      String.fromCharCode(...automaton.bytesFrom(read(automaton, 'x'.repeat(count))!))
    expect([0, 2, 3, 100_000].map(after)).toEqual(['x', 'x', 'xy', 'y'])
  })

  it('takes one of 10⁵ texts, and knows them all', () => {
    const words = Array.from({ length: 100_000 }, (_, i) => `word ${(i * 7919) % 100_003}`)
    const automaton = run({ a: choice(...words.map(text)) })
    expect(words.every((word, i) => i % 100 !== 0 || accepts(automaton, word))).toBe(true)
    expect(accepts(automaton, 'word 100003')).toBe(false)
    expect(automaton.program.size).toBeLessThan(10)
    const sets = words.slice(0, 90_000).map((word) => sequence(text('x'), text(word)))
    expect(() => run({ a: choice(...sets) }).start).toThrow(/too ambiguous|more than 100000 steps/)
  })

  it('leaves out what a vocabulary cannot write', () => {
    const usable = Array.from({ length: 256 }, (_, byte) => byte !== 0x62)
    const without = (rules: Record<string, Expression>): Pushdown => new Pushdown(compile(grammar(rules), usable))
    const automaton = without({ a: sequence(choice(text('a'), text('ab'), text('b')), optional(text('b')), text('c')) })
    expect(allStrings('abc', 4).filter((t) => accepts(automaton, t))).toEqual(['ac'])
    const abOrC = rowsDfa(
      3,
      [2],
      [
        [0, 'aa', 1],
        [1, 'bb', 2],
        [0, 'cc', 2],
      ],
    )
    const onlyC = without({ a: set(abOrC) })
    expect(onlyC.bytesFrom(onlyC.start)).toEqual([0x63])
    fc.assert(
      fc.property(grammars, (given) => {
        const whole = compiled(given)
        if (typeof whole === 'string') return
        const expected = strings.filter((bytes) => !bytes.includes(0x62) && accepts(whole, bytes))
        let some: Pushdown | undefined
        try {
          some = new Pushdown(compile(given, usable))
        } catch (error) {
          expect((error as Error).message).toMatch('accepts no text')
          expect(expected).toEqual([])
          return
        }
        expect(strings.filter((bytes) => accepts(some, bytes))).toEqual(expected)
        for (const bytes of strings) if (read(some, bytes)) expect(completed(some, bytes)).not.toContain(0x62)
      }),
      { seed: 6, numRuns: 500 },
    )
  })
})

describe('Pushdown', () => {
  it('keeps no stack for right recursion', () => {
    const automaton = run({ a: sequence(text('x'), optional(rule('a'))) })
    expect(read(automaton, 'xxxx')).toBe(read(automaton, 'x'))
  })

  it('has one state for equal ones, whatever led there', () => {
    const list = { value: choice(text('0'), sequence(text('['), optional(rule('value')), text(']'))) }
    const automaton = run(list)
    expect(read(automaton, '[[0')).toBe(read(automaton, '[[[]'))
    expect(read(automaton, '[[0')).not.toBe(read(automaton, '[[[0'))
  })

  it('merges ways of reading that come to the same, and refuses too many that do not', () => {
    const twice = choice(text('x'), text('x'), sequence(optional(text('x')), text('x')))
    const merging = run({ a: repeat(twice, 0, null) })
    expect(read(merging, 'x'.repeat(1000))!.configurations.length).toBeLessThan(10)
    // Each x may be in any of the open lists.
    const apart = { a: sequence(text('x'), optional(rule('a')), optional(sequence(text('x'), rule('a'), text('y')))) }
    const automaton = new Pushdown(compile(grammar(apart)), { configurations: 50 })
    expect(() => read(automaton, 'x'.repeat(1000))).toThrow(/too ambiguous: .* more than 50 ways/)
  })

  it('forgets what it made and goes on', () => {
    const list = { value: choice(text('0'), sequence(text('['), rule('value'), text(']'))) }
    const small = new Pushdown(compile(grammar(list)), { states: 10 })
    const before = read(small, '[')!
    const deep = '['.repeat(500) + '0' + ']'.repeat(500)
    expect(accepts(small, deep)).toBe(true)
    expect(read(small, '[')).not.toBe(before)
    expect(read(small, '0]', before)!.accepting).toBe(true)
    expect(read(small, '0]]', before)).toBeNull()
  })
})
