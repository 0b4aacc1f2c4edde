import { classEscapes, dot } from './regex-characters.ts'
import { characterClass, escapedCharacter, propertyEscape } from './regex-classes.ts'
import { PatternReader } from './pattern-reader.ts'
import { RegexError, type Regex } from './regex-syntax.ts'

/** Deeper patterns would be a question of the call stack. */
const deepest = 200

/**
 * ECMA-262 pattern with the flag u → tree. Beyond u, any punctuation may be escaped, as authors of JSON Schemas do. Throws
 * RegexError for what is no pattern, for backreferences, and for flags in a group.
 */
export function parseRegex(pattern: string): Regex {
  const reader = new PatternReader(pattern)
  const regex = choice(reader, 0)
  if (!reader.isAtEnd) reader.fail('a ")" without its "("')
  return regex
}

function choice(reader: PatternReader, depth: number): Regex {
  if (depth > deepest) reader.fail(`more than ${deepest} nested groups`)
  const options = [sequence(reader, depth)]
  while (reader.take('|')) options.push(sequence(reader, depth))
  return options.length === 1 ? options[0]! : { kind: 'choice', options }
}

function sequence(reader: PatternReader, depth: number): Regex {
  const parts: Regex[] = []
  while (!reader.isAtEnd && !reader.sees('|') && !reader.sees(')')) parts.push(quantified(reader, depth))
  return parts.length === 1 ? parts[0]! : { kind: 'sequence', parts }
}

function quantified(reader: PatternReader, depth: number): Regex {
  const isAssertion = reader.seesMatch(/\^|\$|\\[bB]|\(\?<?[=!]/y)
  const body = term(reader, depth)
  const at = reader.at
  const bounds = quantifier(reader)
  if (!bounds) return body
  if (isAssertion) throw new RegexError('nothing to repeat', at)
  return { kind: 'repeat', body, ...bounds }
}

function quantifier(reader: PatternReader): { min: number; max: number } | undefined {
  const at = reader.at
  const bounds = reader.take('*')
    ? { min: 0, max: Infinity }
    : reader.take('+')
      ? { min: 1, max: Infinity }
      : reader.take('?')
        ? { min: 0, max: 1 }
        : counted(reader)
  if (bounds && bounds.min > bounds.max) throw new RegexError('a quantifier whose numbers are out of order', at)
  if (bounds) reader.take('?')
  return bounds
}

function counted(reader: PatternReader): { min: number; max: number } | undefined {
  const found = reader.match(/\{(\d+)(,(\d*))?\}/y)
  if (!found) return undefined
  const min = Number(found[1])
  return { min, max: found[2] === undefined ? min : found[3] === '' ? Infinity : Number(found[3]) }
}

function term(reader: PatternReader, depth: number): Regex {
  const at = reader.at
  if (reader.take('(')) return group(reader, at, depth)
  if (reader.take('[')) return { kind: 'set', set: characterClass(reader, at) }
  if (reader.take('.')) return { kind: 'set', set: dot }
  if (reader.take('^')) return { kind: 'start' }
  if (reader.take('$')) return { kind: 'end' }
  if (reader.take('\\')) return escape(reader, at)
  const point = reader.next()
  if ('*+?{}]'.includes(String.fromCodePoint(point)))
    throw new RegexError(`${JSON.stringify(String.fromCodePoint(point))} where a character was expected`, at)
  return character(point)
}

function group(reader: PatternReader, at: number, depth: number): Regex {
  const look = reader.match(/\?(<?)([=!])/y)
  if (
    !look &&
    !reader.take('?:') &&
    !reader.match(/\?<[\p{ID_Start}$_][\p{ID_Continue}$\u200c\u200d]*>/uy) &&
    reader.sees('?')
  )
    throw new RegexError('a group with flags, which is not supported, or of no known kind', at)
  const body = choice(reader, depth + 1)
  if (!reader.take(')')) throw new RegexError('a "(" without its ")"', at)
  return look ? { kind: 'look', ahead: look[1] === '', negated: look[2] === '!', body, at } : body
}

function escape(reader: PatternReader, at: number): Regex {
  if (reader.match(/[1-9]|k</y)) throw new RegexError('a backreference, which is not supported', at)
  if (reader.take('b')) return { kind: 'boundary', negated: false, at }
  if (reader.take('B')) return { kind: 'boundary', negated: true, at }
  for (const [letter, set] of classEscapes) if (reader.take(letter)) return { kind: 'set', set }
  const set = propertyEscape(reader, at)
  return set ? { kind: 'set', set } : character(escapedCharacter(reader, at))
}

function character(point: number): Regex {
  return { kind: 'set', set: [{ from: point, to: point }] }
}
