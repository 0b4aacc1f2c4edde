import { InputError } from '@tramontane/core'
import type { Dfa } from './dfa.ts'
import { checkGrammar, type Expression, type Grammar } from './grammar.ts'
import { Literal, LiteralSet } from './literal-set.ts'
import { Terminal, type Node, type Program, type Routine } from './program.ts'
import { propertiesOf, type Properties } from './properties.ts'
import { checkRecursion } from './recursion.ts'
import { restricted } from './restrict.ts'

const maxNodes = 100_000

/**
 * A grammar as a program in which every step can be completed: what derives nothing is cut. `usable`: the bytes that a
 * vocabulary can write. Throws InputError for a grammar that is none, derives nothing, is left-recursive or too large.
 */
export function compile(grammar: Grammar, usable: readonly boolean[] = []): Program {
  checkGrammar(grammar)
  return new Compiler(restricted(grammar, usable)).program()
}

class Compiler {
  readonly #grammar: Grammar
  readonly #properties: Properties
  readonly #routines = new Map<string, Routine>()
  readonly #return: Node
  #size = 0
  #states = 0
  #name: string

  constructor(grammar: Grammar) {
    this.#grammar = grammar
    this.#name = grammar.start
    this.#properties = propertiesOf(grammar)
    this.#return = { op: 'return', id: this.#id() }
  }

  program(): Program {
    const start: Expression = { kind: 'rule', name: this.#grammar.start }
    if (!this.#properties.productive(start)) throw new InputError(`rule "${this.#name}" accepts no text at all`)
    const node = this.#node(start, this.#return)
    // Routines are named while others are compiled; a map gives what is added to it while it is read.
    for (const [name, routine] of this.#routines) {
      this.#name = name
      routine.entry = this.#nonempty(this.#grammar.rules.get(name)!, this.#return)
    }
    const checked = new Set<Node>()
    for (const { entry } of this.#routines.values()) checkRecursion(entry, checked)
    return { start: node, size: this.#size }
  }

  #id(): number {
    if (this.#size === maxNodes)
      throw new InputError(`rule "${this.#name}": the grammar has more than ${maxNodes} steps`)
    return this.#size++
  }

  /** Reads the expression, which is productive, and goes on at `next`. */
  #node(expression: Expression, next: Node): Node {
    const { nullable, nonempty } = this.#properties
    if (!nonempty(expression)) return next
    const node = this.#nonempty(expression, next)
    return nullable(expression) ? this.#split([node, next]) : node
  }

  /** Reads what the expression derives but the empty string, of which there is some, and goes on at `next`. */
  #nonempty(expression: Expression, next: Node): Node {
    switch (expression.kind) {
      case 'bytes':
        return this.#set(new Literal(expression.bytes), next)
      case 'set':
        return this.#set(expression.dfa, next)
      case 'rule':
        return { op: 'call', id: this.#id(), routine: this.#routine(expression.name), next }
      case 'choice':
        return this.#choice(expression.parts, next)
      case 'sequence':
        return this.#sequence(expression.parts, next)
      case 'repeat':
        return this.#repeat(expression, next)
    }
  }

  #set(dfa: Dfa, next: Node): Node {
    const offset = this.#states
    this.#states += dfa.size
    return { op: 'set', id: this.#id(), terminal: new Terminal(dfa), offset, next }
  }

  #split(to: readonly Node[]): Node {
    return to.length === 1 ? to[0]! : { op: 'split', id: this.#id(), to }
  }

  #routine(name: string): Routine {
    let routine = this.#routines.get(name)
    if (routine === undefined) this.#routines.set(name, (routine = { name, entry: this.#return }))
    return routine
  }

  #choice(parts: readonly Expression[], next: Node): Node {
    const literals: Uint8Array[] = []
    const rest: Expression[] = []
    for (const part of parts) {
      if (part.kind === 'bytes' && part.bytes.length > 0) literals.push(part.bytes)
      else if (this.#properties.nonempty(part)) rest.push(part)
    }
    if (literals.length === 0) return this.#split(rest.map((part) => this.#nonempty(part, next)))
    const node = this.#set(literals.length > 1 ? new LiteralSet(literals) : new Literal(literals[0]!), next)
    return this.#split([node, ...rest.map((part) => this.#nonempty(part, next))])
  }

  #sequence(parts: readonly Expression[], next: Node): Node {
    const { nullable, nonempty } = this.#properties
    /** Reads this part and all that follow; and the same without the empty string, of which there may be nothing. */
    let all = next
    let some: Node | undefined
    for (const part of parts.toReversed()) {
      if (!nonempty(part)) continue
      const node = this.#nonempty(part, all)
      some = nullable(part) && some ? this.#split([node, some]) : node
      all = nullable(part) ? this.#split([node, all]) : node
    }
    return some!
  }

  #repeat({ part, min, max }: Extract<Expression, { kind: 'repeat' }>, next: Node): Node {
    if (max === 1) return this.#nonempty(part, next)
    // With a part that may be empty, any smaller number of times will do.
    const least = this.#properties.nullable(part) ? 1 : Math.max(min, 1)
    if (max === null && least === 1) return this.#loop(part, next)
    const routine: Routine = { name: this.#name, entry: this.#nonempty(part, this.#return) }
    return { op: 'counted', id: this.#id(), part: routine, min: least, max: max ?? Infinity, next }
  }

  /** Without a count there is nothing to keep on the stack. */
  #loop(part: Expression, next: Node): Node {
    const to = [next]
    const loop: Node = { op: 'split', id: this.#id(), to }
    const entry = this.#nonempty(part, loop)
    to.unshift(entry)
    return entry
  }
}
