import { rule, type Expression, type Grammar } from './grammar.ts'

/** Rules of several grammars in one, each under a name of its own. */
export class Rules {
  readonly #rules = new Map<string, Expression>()

  /** Adds the rules of a grammar, each called `prefix` and its name, and returns what the grammar derives. */
  add(prefix: string, { rules, start }: Grammar): Expression {
    const renamed = (expression: Expression): Expression => {
      if (expression.kind === 'rule') return rule(prefix + expression.name)
      if (expression.kind === 'repeat') return { ...expression, part: renamed(expression.part) }
      if (expression.kind === 'bytes' || expression.kind === 'set') return expression
      return { ...expression, parts: expression.parts.map(renamed) }
    }
    for (const [name, expression] of rules) this.#rules.set(prefix + name, renamed(expression))
    return rule(prefix + start)
  }

  /** Adds a rule of this name, so that what it derives is compiled once however often it is asked for. */
  define(name: string, expression: Expression): Expression {
    this.#rules.set(name, expression)
    return rule(name)
  }

  /** A text is what `start` derives. */
  grammar(start: Expression): Grammar {
    return { rules: new Map([...this.#rules, ['', start]]), start: '' }
  }
}
