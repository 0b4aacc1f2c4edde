import fc from 'fast-check'
import { choice, optional, repeat, rule, sequence, set, text, type Expression, type Grammar } from './grammar.ts'
import { rowsDfa } from './rows.ts'

/**
 * Whether a grammar derives a text, straight from the definition: which ends each rule has from each place, made larger
 * until nothing is added. Slow, and right for any grammar, left-recursive ones too.
 */
export function derives({ rules, start }: Grammar, bytes: Uint8Array): boolean {
  const known = new Map<string, Set<number>>()
  const ofRule = (name: string, at: number): Set<number> => {
    const key = `${at} ${name}`
    const ends = known.get(key) ?? new Set()
    known.set(key, ends)
    return ends
  }
  const ends = (expression: Expression, at: number): Set<number> => {
    switch (expression.kind) {
      case 'bytes':
        return new Set(
          expression.bytes.every((byte, i) => bytes[at + i] === byte) ? [at + expression.bytes.length] : [],
        )
      case 'set': {
        const found = new Set<number>()
        let state = expression.dfa.size > 0 ? 0 : -1
        for (let i = at; state >= 0; i++) {
          if (expression.dfa.isFinal(state)) found.add(i)
          state = i < bytes.length ? expression.dfa.next(state, bytes[i]!) : -1
        }
        return found
      }
      case 'choice':
        return new Set(expression.parts.flatMap((part) => [...ends(part, at)]))
      case 'sequence':
        return expression.parts.reduce((from, part) => each(from, part), new Set([at]))
      case 'repeat': {
        // More repetitions than bytes add nothing that fewer do not, beyond the least number.
        const most = Math.min(expression.max ?? Infinity, expression.min + bytes.length + 1)
        let from = new Set([at])
        const found = new Set<number>(expression.min === 0 ? from : [])
        for (let count = 1; count <= most; count++) {
          from = each(from, expression.part)
          if (count >= expression.min) for (const end of from) found.add(end)
        }
        return found
      }
      case 'rule':
        return ofRule(expression.name, at)
    }
  }
  const each = (from: ReadonlySet<number>, part: Expression): Set<number> =>
    new Set([...from].flatMap((at) => [...ends(part, at)]))
  for (let grows = true; grows;) {
    grows = false
    for (const [name, expression] of rules) {
      for (let at = 0; at <= bytes.length; at++) {
        const ofNow = ofRule(name, at)
        const before = ofNow.size
        for (const end of ends(expression, at)) ofNow.add(end)
        grows ||= ofNow.size > before
      }
    }
  }
  return ofRule(start, 0).has(bytes.length)
}

/** All strings over some letters, up to a length. */
export function allStrings(letters: string, length: number): string[] {
  const longer = (texts: readonly string[]): string[] => texts.flatMap((t) => [...letters].map((letter) => t + letter))
  let last = ['']
  const all = ['']
  for (let i = 0; i < length; i++) all.push(...(last = longer(last)))
  return all
}

const sets = [
  rowsDfa(1, [0], [[0, 'ab', 0]]),
  rowsDfa(2, [1], [[0, 'ab', 1]]),
  // (ab)*a?
  rowsDfa(
    2,
    [0, 1],
    [
      [0, 'aa', 1],
      [1, 'bb', 0],
    ],
  ),
  { size: 0, next: () => -1, isFinal: () => false },
]

const names = ['one', 'two', 'three'] as const

const expressions = fc.letrec<{ expression: Expression }>((tie) => ({
  expression: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.constantFrom('a', 'b', 'ab', '').map(text),
    fc.constantFrom(...names).map(rule),
    fc.constantFrom(...sets).map(set),
    fc.array(tie('expression'), { maxLength: 3 }).map((parts) => sequence(...parts)),
    fc.array(tie('expression'), { maxLength: 3 }).map((parts) => choice(...parts)),
    tie('expression').map(optional),
    fc
      .tuple(tie('expression'), fc.nat(3), fc.option(fc.nat(2)))
      .map(([part, min, more]) => repeat(part, min, more === null ? null : min + more)),
  ),
})).expression

/** Grammars over a and b, most of them odd: empty, ambiguous, without end, with left recursion. */
export const grammars: fc.Arbitrary<Grammar> = fc
  .tuple(expressions, expressions, expressions)
  .map((bodies) => ({ rules: new Map(names.map((name, i) => [name, bodies[i]!])), start: 'one' }))
