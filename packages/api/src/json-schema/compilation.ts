import { UnsupportedError } from '@tramontane/core'
import type { Dfa } from '../grammar/dfa.ts'
import { choice, rule, text, type Expression, type Grammar } from '../grammar/grammar.ts'
import { jsonGrammar } from '../grammar/json.ts'
import { LimitError } from '../grammar/limit.ts'
import { alternativesOf, type Alternative } from './alternatives.ts'
import { asksNothing, formulaOf } from './assertions.ts'
import type { SchemaDocument, SchemaNode } from './document.ts'
import {
  closedTypes,
  openTypes,
  type,
  type Fact,
  type Formula,
  type Literal,
  type OpenType,
  type TextSet,
} from './formula.ts'
import { Budget, type SchemaOptions } from './limits.ts'
import { livingTypes } from './living.ts'
import { SchemaError } from './schema-error.ts'
import { tokensOf, type Tokens } from './tokens.ts'
import { scalarsOf, stringsOf, typedExpression } from './typed-values.ts'
import { factsOn } from './unevaluated.ts'
import type { Values } from './values.ts'

/** A set of literals, all of which a value satisfies, and the rule for it. */
interface Goal {
  readonly name: string
  readonly literals: readonly Literal[]
}

interface Found {
  readonly depth: number
  readonly alternatives: Alternative[]
}

/**
 * Makes rules: one for each set of schemas that a value satisfies together. A schema that comes back to itself through an item or
 * a property comes back to its rule.
 */
export class Compilation {
  readonly document: SchemaDocument
  /** The first place at which nothing is left; whether it matters is another question. */
  contradiction: string | undefined
  readonly #budget: Budget
  readonly #rules = new Map<string, Expression>()
  readonly #goals = new Map<string, Goal>()
  readonly #open: Goal[] = []
  readonly #formulas = new Map<string, Formula>()
  readonly #numbers = new Map<Fact, number>()
  /** To be built, and only looked at: how deep, and what has been found. */
  readonly #built = new Map<string, Found>()
  readonly #seen = new Map<string, Found>()
  readonly #texts = new Map<string, Dfa>()
  readonly #typed = new Map<string, Expression>()
  readonly #disjoint = new Map<string, boolean>()
  readonly #values: Values
  /** How many looks at whether something can be satisfied are within each other. */
  #depth = 0
  #at = ''
  #names = 0

  constructor(document: SchemaDocument, options: SchemaOptions) {
    this.document = document
    this.#budget = options.budget ?? new Budget()
    for (const [name, expression] of jsonGrammar(options).rules) this.#rules.set(name, expression)
    this.#values = this.#valuesWith(tokensOf(options))
  }

  /** Throws SchemaError for what cannot be enforced. */
  grammar(): Grammar {
    const start = this.#goal([{ node: this.document.root, holds: true }])
    for (let goal = this.#open.shift(); goal !== undefined; goal = this.#open.shift()) {
      this.#at = goal.literals[0]?.node.at ?? ''
      this.#define(goal.name, this.#expression(goal.literals))
    }
    return { rules: this.#rules, start }
  }

  #define(name: string, expression: Expression): void {
    this.#budget.addRule(expression, this.#at)
    this.#rules.set(name, expression)
  }

  /** The name of the rule for these. */
  #goal(literals: readonly Literal[]): string {
    const all = this.#canonical(literals)
    if (all.length === 0) return 'value'
    const key = keyOf(all)
    let goal = this.#goals.get(key)
    if (goal === undefined) {
      const { node, holds } = all[0]!
      const name = `${this.#names++} ${holds ? '' : 'not '}${node.at.slice(-100)}`
      this.#goals.set(key, (goal = { name, literals: all }))
      this.#open.push(goal)
    }
    return goal.name
  }

  /** Without those that ask nothing, each once, in the order in which they are written down. */
  #canonical(literals: readonly Literal[]): Literal[] {
    const byKey = new Map(literals.filter((one) => !this.#isAlways(one)).map((one) => [keyOf([one]), one]))
    return [...byKey.values()].sort((a, b) => a.node.id - b.node.id || Number(a.holds) - Number(b.holds))
  }

  #isAlways({ node, holds }: Literal): boolean {
    return holds ? asksNothing(node) : node.schema === false
  }

  #expression(literals: readonly Literal[]): Expression {
    const parts = new Set<Expression>()
    let others = 0
    const alternatives = this.#alternativesOf(literals)
    if (alternatives.length === 0) this.contradiction ??= `what is asked contradicts itself at "${this.#at}"`
    for (const alternative of alternatives) {
      others |= alternative.types
      for (const name of openTypes)
        if (alternative.types & type[name]) parts.add(this.#typedExpression(name, alternative))
    }
    for (const name of closedTypes) if (others & type[name]) parts.add(text(name))
    return choice(...parts)
  }

  /** What an alternative leaves of one type; the same for alternatives that say the same of it. */
  #typedExpression(name: OpenType, { facts }: Alternative): Expression {
    const placed = factsOn(facts, name)
    const key = `${name} ${placed
      .map(({ fact, scopes }) => `${this.#number(fact)}:${scopes.join()}`)
      .sort()
      .join(' ')}`
    let expression = this.#typed.get(key)
    if (expression === undefined) this.#typed.set(key, (expression = typedExpression(name, facts, this.#values)))
    if (isNothing(expression))
      this.contradiction ??= `what is asked of a value of type ${name} contradicts itself at "${this.#at}"`
    return expression
  }

  #alternativesOf(literals: readonly Literal[]): Alternative[] {
    const key = keyOf(literals)
    const known = (this.#depth === 0 ? this.#built : this.#seen).get(key)
    // What has been looked at more deeply will do.
    if (known && known.depth <= this.#depth) return known.alternatives
    const alternatives = alternativesOf(literals, {
      formula: (literal) => this.#formula(literal),
      number: (fact) => this.#number(fact),
      add: (at) => this.#budget.addAlternative(at),
      isLook: this.#depth > 0,
      living: (alternative) => livingTypes(alternative, this.#values),
    })
    ;(this.#depth === 0 ? this.#built : this.#seen).set(key, { depth: this.#depth, alternatives })
    return alternatives
  }

  #formula(literal: Literal): Formula {
    const key = keyOf([literal])
    let formula = this.#formulas.get(key)
    if (formula === undefined) {
      formula = formulaOf(literal, { document: this.document, areDisjoint: (a, b) => this.#areDisjoint(a, b) })
      this.#formulas.set(key, formula)
    }
    return formula
  }

  #number(fact: Fact): number {
    let number = this.#numbers.get(fact)
    if (number === undefined) this.#numbers.set(fact, (number = this.#numbers.size))
    return number
  }

  #areDisjoint(a: SchemaNode, b: SchemaNode): boolean {
    const key = a.id < b.id ? `${a.id} ${b.id}` : `${b.id} ${a.id}`
    let known = this.#disjoint.get(key)
    if (known === undefined) {
      // While it is looked at, nothing is known.
      this.#disjoint.set(key, false)
      known = this.#isNone([
        { node: a, holds: true },
        { node: b, holds: true },
      ])
      this.#disjoint.set(key, known)
    }
    return known
  }

  #isNone(literals: readonly Literal[]): boolean {
    const all = this.#canonical(literals)
    if (this.#isNever(all)) return true
    if (all.length === 0 || this.#depth >= mostDepth) return false
    this.#depth++
    try {
      return this.#alternativesOf(all).length === 0
    } catch (error) {
      if (error instanceof SchemaError && error.kind !== 'too large') return false
      throw error
    } finally {
      this.#depth--
    }
  }

  #isNever(literals: readonly Literal[]): boolean {
    return literals.some(({ node, holds }) => (holds ? node.schema === false : asksNothing(node)))
  }

  #dfa(set: TextSet): Dfa {
    let dfa = this.#texts.get(set.key)
    if (dfa === undefined) this.#texts.set(set.key, (dfa = set.dfa(this.#budget.limits)))
    return dfa
  }

  #valuesWith(tokens: Tokens): Values {
    return {
      tokens,
      limits: this.#budget.limits,
      dfa: (set) => this.#dfa(set),
      value: (literals) => rule(this.#goal(literals)),
      strings: (literals) => stringsOf(this.#alternativesOf(this.#canonical(literals)), this.#values),
      scalars: (literals) => scalarsOf(this.#alternativesOf(this.#canonical(literals)), this.#values),
      isNone: (literals) => this.#isNone(literals),
      isNever: (literals) => this.#isNever(literals),
      isAlways: (literal) => this.#isAlways(literal),
      name: () => `${this.#names++} in ${this.#at.slice(-100)}`,
      define: (name, expression) => this.#define(name, expression),
      rule: (expression) => {
        const name = `${this.#names++} in ${this.#at.slice(-100)}`
        this.#define(name, expression)
        return rule(name)
      },
      tooLarge: (what) => new SchemaError(what, { at: this.#at, keyword: null }, 'too large'),
    }
  }

  /** An automaton that is too large is a schema that is. */
  blamed(error: unknown): unknown {
    const place = { at: this.#at, keyword: null }
    if (error instanceof UnsupportedError) return new SchemaError(error.message, place, 'unsupported')
    if (!(error instanceof LimitError)) return error
    return new SchemaError(`${error.message}; make the schema simpler`, place, 'too large')
  }
}

/** Whether a property can be satisfied is looked at so many properties deep. */
const mostDepth = 3

function keyOf(literals: readonly Literal[]): string {
  return literals.map(({ node, holds }) => `${holds ? '+' : '-'}${node.id}`).join('')
}

function isNothing(expression: Expression): boolean {
  return expression.kind === 'set'
    ? expression.dfa.size === 0
    : expression.kind === 'choice' && expression.parts.length === 0
}
