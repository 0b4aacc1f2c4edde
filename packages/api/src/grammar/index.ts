/**
 * Texts that obey a grammar, without the server: what JSON Schema, a regular expression, EBNF or JSON itself allows, as an automaton over
 * bytes; whether a text obeys it; and which tokens of a vocabulary may come next.
 *
 *     const automaton = new Pushdown(compile(jsonSchemaGrammar({ type: 'integer', minimum: 3 })))
 *     judge(automaton, new TextEncoder().encode('12')) // { accepted: true }
 *
 * @module
 */
export { jsonSchemaGrammar, SchemaError } from '../json-schema/index.ts'
export { compile } from './compile.ts'
export { Constraint, isAllowed, type ConstraintOptions } from './constraint.ts'
export type { Dfa } from './dfa.ts'
export { ebnf } from './ebnf.ts'
export { choice, optional, repeat, rule, sequence, set, text, type Expression, type Grammar } from './grammar.ts'
export { jsonGrammar, type JsonOptions } from './json.ts'
export { Judge, judge, type JudgeLimits, type Judgement, type Rejection } from './judge.ts'
export { LimitError, type Limits } from './limit.ts'
export { TokenMasks, type MaskLimits } from './mask.ts'
export { possible } from './possible.ts'
export type { Program } from './program.ts'
export { Pushdown, type PushdownLimits } from './pushdown.ts'
export { regexDfa, RegexError } from './regex.ts'
export { regexGrammar } from './regex-grammar.ts'
export type { State } from './state.ts'
export { TokenTrie, tokenTrie } from './token-trie.ts'
