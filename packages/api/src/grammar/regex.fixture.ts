import fc from 'fast-check'

/** A pattern and texts that are near to matching it. */
export interface PatternWithTexts {
  readonly pattern: string
  readonly texts: readonly string[]
}

/** A piece of a pattern, and a text that would match it if no assertion stood in the way. */
interface Piece {
  readonly pattern: string
  readonly text: string
}

const piece = (pattern: string, ...texts: readonly string[]): fc.Arbitrary<Piece> =>
  fc.constantFrom(...texts).map((text) => ({ pattern, text }))

const atom: fc.Arbitrary<Piece> = fc.oneof(
  ...['a', 'b', '1', ' ', 'é', '漢', '🙂'].map((letter) => piece(letter, letter)),
  piece('.', 'a', 'b', '🙂'),
  piece('\\d', '1', '7'),
  piece('\\D', 'a', 'é'),
  piece('\\w', 'a', '1', '_'),
  piece('\\W', ' ', 'é', '🙂'),
  piece('\\s', ' ', '\n', '\u00a0'),
  piece('\\S', 'a', '漢'),
  piece('[a-c1]', 'a', 'c', '1'),
  piece('[^a-c\\d]', ' ', 'd', '🙂'),
  piece('[é-漢\\s]', 'é', '漢', '一', ' '),
  piece('[^\\W_]', 'a', '1'),
  piece('\\u{1F600}', '😀'),
  piece('\\x61', 'a'),
)

/** Never quantified, and without a text of its own. */
const assertion = (body: fc.Arbitrary<Piece>): fc.Arbitrary<Piece> =>
  fc.oneof(
    fc.constantFrom('^', '$', '\\b', '\\B').map((pattern) => ({ pattern, text: '' })),
    fc
      .tuple(fc.constantFrom('?=', '?!', '?<=', '?<!'), body)
      // What is refused by name is not for this test: lookbehinds over anything but plain pieces.
      .map(([kind, { pattern }]) => ({ pattern: `(${kind}${pattern})`, text: '' })),
  )

const quantifiers: readonly (readonly [string, readonly number[]])[] = [
  ...([
    ['*', [0, 1, 3]],
    ['+', [1, 2]],
    ['?', [0, 1]],
    ['*?', [0, 2]],
    ['+?', [1, 3]],
    ['??', [0, 1]],
  ] as const),
  ...([
    ['{2}', [2]],
    ['{1,}', [1, 3]],
    ['{0,2}', [0, 2]],
    ['{2,3}?', [2, 3]],
    ['{0}', [0]],
  ] as const),
]

const quantified = ({ pattern, text }: Piece): fc.Arbitrary<Piece> =>
  fc
    .constantFrom(...quantifiers)
    .chain(([quantifier, counts]) =>
      fc.constantFrom(...counts).map((count) => ({ pattern: `(?:${pattern})${quantifier}`, text: text.repeat(count) })),
    )

const sequence = (parts: readonly Piece[]): Piece => ({
  pattern: parts.map(({ pattern }) => pattern).join(''),
  text: parts.map(({ text }) => text).join(''),
})

const choice = ([one, other]: readonly [Piece, Piece], open: string): Piece => ({
  pattern: `${open}${one.pattern}|${other.pattern})`,
  text: one.text,
})

const plain = fc.array(atom, { minLength: 1, maxLength: 2 }).map(sequence)

const inner: fc.Arbitrary<Piece> = fc
  .constantFrom('^', '$', '\\b', '\\B', '(?=a)', '(?!b|1)')
  .map((pattern) => ({ pattern, text: '' }))

const { regex } = fc.letrec<{ regex: Piece; part: Piece }>((tie) => ({
  part: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    atom,
    atom.chain(quantified),
    assertion(plain),
    tie('regex').chain(quantified),
    fc
      .tuple(fc.tuple(tie('regex'), tie('regex')), fc.constantFrom('(', '(?:'))
      .map(([pair, open]) => choice(pair, open)),
    // Assertions in lookaheads: those that are not themselves lookbehinds.
    fc
      .tuple(fc.constantFrom('?=', '?!'), fc.array(fc.oneof(atom, atom.chain(quantified), inner), { maxLength: 3 }))
      .map(([kind, parts]) => ({ pattern: `(${kind}${sequence(parts).pattern})`, text: '' })),
  ),
  regex: fc.array(tie('part'), { minLength: 1, maxLength: 4 }).map(sequence),
}))

const letters = fc.constantFrom('a', 'b', 'c', '1', ' ', '_', 'é', '漢', '🙂', '\n', '')

/** Texts that match but for an assertion, such with a letter put in, taken out or replaced, and short ones of any kind. */
export const patternWithTexts: fc.Arbitrary<PatternWithTexts> = regex.chain(({ pattern, text }) => {
  const characters = [...text]
  const place = fc.nat(characters.length)
  const mutated = fc
    .tuple(place, fc.nat(1), letters)
    .map(([at, removed, letter]) => [...characters.slice(0, at), letter, ...characters.slice(at + removed)].join(''))
  const texts = fc.array(
    fc.oneof(
      mutated,
      fc.array(letters, { maxLength: 4 }).map((all) => all.join('')),
    ),
    {
      minLength: 6,
      maxLength: 12,
    },
  )
  return texts.map((others) => ({ pattern, texts: [text, ...others] }))
})
