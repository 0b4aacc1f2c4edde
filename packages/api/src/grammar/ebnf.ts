import { InputError } from '@tramontane/core'
import { characterClass, literal } from './ebnf-terminals.ts'
import { EbnfScanner } from './ebnf-scanner.ts'
import { choice, repeat, rule, sequence, set, type Expression, type Grammar } from './grammar.ts'
import { parseRegex } from './regex-parser.ts'
import { regexDfa } from './regex.ts'

const maxDepth = 200

/**
 * Reads a grammar in a small EBNF. A text is what the rule `root` derives.
 *
 *     # A comment, up to the end of the line.
 *     root    ::= "SELECT " columns " FROM " name ";"?
 *     columns ::= "*" | name (", " name){0,9}
 *     name    ::= [a-zA-Z_] [a-zA-Z0-9_]*
 *     date    ::= /[0-9]{4}-[0-9]{2}-[0-9]{2}/
 *
 * - A rule is `name ::= …`; names are letters, digits, `_` and `-`, beginning with a letter or `_`. White space and line
 *   ends only part what they stand between.
 * - `"…"` and `'…'` are texts, `[…]` and `[^…]` one character, with ranges. In both, `\n \r \t \\ \" \' \[ \] \^ \-` and
 *   `\xHH \uHHHH \u{H…}` stand for characters (code points; never bytes).
 * - `/…/` is a whole text that an ECMA-262 regular expression (flag u) matches; `\/` is a slash.
 * - `a b` is a sequence, `a | b` a choice, `( )` a group; an alternative may be empty. `* + ? {m} {m,} {m,n}` repeat what
 *   stands right before them.
 * - Rules may use themselves, but not at their beginning (no left recursion: that is refused when it is compiled).
 *
 * Throws InputError with line and column.
 */
export function ebnf(text: string): Grammar {
  const scanner = new EbnfScanner(text)
  const rules = new Map<string, Expression>()
  const uses: { name: string; at: number }[] = []
  for (scanner.skip(); !scanner.isAtEnd; scanner.skip()) {
    const at = scanner.at
    const name = scanner.match(nameFirst)?.[0] ?? scanner.fail('a rule (name ::= …)')
    if (rules.has(name)) scanner.failAt(`rule "${name}" is there twice`, at)
    scanner.skip()
    if (!scanner.take('::=')) scanner.fail('::=')
    rules.set(name, new EbnfParser(scanner, uses).alternatives(0))
    // A rule ends where another one begins.
    if (!scanner.isAtEnd && !scanner.sees(ruleFirst)) scanner.fail('the next part of the rule, or another rule')
  }
  for (const { name, at } of uses) if (!rules.has(name)) scanner.failAt(`there is no rule "${name}"`, at)
  if (!rules.has('root')) scanner.failAt('there is no rule "root", with which a text begins', text.length)
  return { rules, start: 'root' }
}

const nameFirst = /[A-Za-z_][A-Za-z0-9_-]*/y
const ruleFirst = /[A-Za-z_][A-Za-z0-9_-]*(?:[ \t\r\n]|#[^\n]*\n)*::=/y

class EbnfParser {
  readonly #scanner: EbnfScanner
  readonly #uses: { name: string; at: number }[]

  constructor(scanner: EbnfScanner, uses: { name: string; at: number }[]) {
    this.#scanner = scanner
    this.#uses = uses
  }

  alternatives(depth: number): Expression {
    if (depth > maxDepth) this.#scanner.failAt(`groups within groups, more than ${maxDepth}`, this.#scanner.at)
    const parts: Expression[] = []
    do parts.push(this.#sequence(depth))
    while (this.#scanner.take('|'))
    return choice(...parts)
  }

  #sequence(depth: number): Expression {
    const parts: Expression[] = []
    for (;;) {
      this.#scanner.skip()
      const item = this.#item(depth)
      if (item === undefined) return sequence(...parts)
      parts.push(this.#repeated(item))
    }
  }

  #item(depth: number): Expression | undefined {
    const scanner = this.#scanner
    const at = scanner.at
    if (scanner.take('"')) return literal(scanner, '"')
    if (scanner.take("'")) return literal(scanner, "'")
    if (scanner.take('[')) return characterClass(scanner)
    if (scanner.take('/')) return this.#regex()
    if (scanner.take('(')) {
      const group = this.alternatives(depth + 1)
      return scanner.take(')') ? group : scanner.fail('")", which ends a group')
    }
    if (scanner.sees(ruleFirst)) return undefined
    const name = scanner.match(nameFirst)?.[0]
    if (name === undefined) return undefined
    this.#uses.push({ name, at })
    return rule(name)
  }

  #repeated(item: Expression): Expression {
    const scanner = this.#scanner
    let repeated = item
    for (;;) {
      const at = scanner.at
      if (scanner.take('*')) repeated = repeat(repeated, 0, null)
      else if (scanner.take('+')) repeated = repeat(repeated, 1, null)
      else if (scanner.take('?')) repeated = repeat(repeated, 0, 1)
      else if (scanner.take('{')) repeated = this.#counted(repeated, at)
      else return repeated
    }
  }

  #counted(item: Expression, at: number): Expression {
    const [, least, comma, most] =
      this.#scanner.match(/[ ]*([0-9]{1,7})[ ]*(?:(,)[ ]*([0-9]{1,7})?[ ]*)?\}/y) ??
      this.#scanner.fail('{m}, {m,} or {m,n}', at)
    const min = Number(least)
    const max = comma === undefined ? min : most === undefined ? null : Number(most)
    if (max !== null && max < min) this.#scanner.failAt(`{${min},${max}}: the counts are not in order`, at)
    return repeat(item, min, max)
  }

  #regex(): Expression {
    const at = this.#scanner.at
    const [, pattern] =
      this.#scanner.match(/((?:[^\\/[\n]|\\[^\n]|\[(?:[^\\\]\n]|\\[^\n])*\])+)\//y) ??
      this.#scanner.fail('a regular expression, ended by "/" on the same line')
    try {
      // Alone first: what stands in the way of the brackets added here must not be seen as theirs.
      parseRegex(pattern!)
      return set(regexDfa(`^(?:${pattern})$`))
    } catch (error) {
      return this.#scanner.failAt(error instanceof InputError ? error.message : String(error), at)
    }
  }
}
