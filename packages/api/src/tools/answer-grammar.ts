import { complement, concatenation, ofStrings, anyText, type Dfa } from '../grammar/automaton.ts'
import { choice, optional, repeat, sequence, set, text, type Expression, type Grammar } from '../grammar/grammar.ts'
import { Rules } from '../grammar/nested.ts'
import { whitespace } from '../grammar/whitespace.ts'
import { callByte, callClose, callOpen, type Syntax } from './syntax.ts'
import type { Tool, ToolUse } from './tool.ts'

/** What an answer with tools is made of. */
export interface AnswerParts {
  readonly use: ToolUse
  readonly syntax: Syntax
  /** What a text has to be that is no call; null: any text. */
  readonly format: Grammar | null
  /** The arguments that a tool takes. */
  readonly argumentsOf: (tool: Tool) => Grammar
}

/**
 * The answers that a request with tools allows. `none`: a text. `auto`: a text, or calls; prompted calls may follow a text, where
 * that may be any. `required`: at least one call. A named tool: one call of it.
 */
export function answerGrammar({ use, syntax, format, argumentsOf }: AnswerParts): Grammar {
  const rules = new Rules()
  const { choice: chosen } = use
  if (chosen === 'none') return rules.grammar(textPart(rules, syntax, format))
  const tools = typeof chosen === 'object' ? use.tools.filter(({ name }) => name === chosen.name) : use.tools
  const each = tools.map((tool, i) => namedCall(tool.name, rules.add(`arguments ${i} `, argumentsOf(tool))))
  const isSingle = typeof chosen === 'object' || !use.parallel
  const calls = framed(listOf(rules.define('call', callOf(choice(...each))), isSingle), syntax)
  if (chosen !== 'auto') return rules.grammar(calls)
  const words = textPart(rules, syntax, format)
  const isBefore = syntax.kind === 'prompted' && format === null
  return rules.grammar(isBefore ? sequence(words, optional(calls)) : choice(words, calls))
}

function textPart(rules: Rules, { kind }: Syntax, format: Grammar | null): Expression {
  if (format !== null) return rules.add('format ', format)
  return set(kind === 'native' ? (texts ??= anyText()) : (textsWithoutCalls ??= without(callOpen)))
}

// Kept, because what is known of a set is kept with it.
let texts: Dfa | undefined
let textsWithoutCalls: Dfa | undefined

/** All texts in which this one does not occur. */
function without(part: string): Dfa {
  return complement(concatenation([anyText(), ofStrings([part]), anyText()]))
}

const space = set(whitespace)

/** From the name on. */
function namedCall(name: string, given: Expression): Expression {
  return sequence(text(`"${name}"`), space, text(','), space, key('arguments'), given)
}

function callOf(named: Expression): Expression {
  return sequence(text('{'), space, key('name'), named, space, text('}'))
}

function key(name: string): Expression {
  return sequence(text(`"${name}"`), space, text(':'), space)
}

function listOf(call: Expression, isSingle: boolean): Expression {
  const more = repeat(sequence(text(','), space, call, space), 0, isSingle ? 0 : null)
  return sequence(text('['), space, call, space, more, text(']'))
}

/** SentencePiece writes a space behind a control token. */
function framed(list: Expression, { kind }: Syntax): Expression {
  if (kind === 'prompted') return sequence(text(callOpen), space, list, space, text(callClose))
  return sequence({ kind: 'bytes', bytes: Uint8Array.of(callByte) }, space, list)
}
