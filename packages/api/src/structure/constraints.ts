import type { TokenConstraint } from '@tramontane/core'
import { compile } from '../grammar/compile.ts'
import { Constraint } from '../grammar/constraint.ts'
import type { Grammar } from '../grammar/grammar.ts'
import { TokenMasks } from '../grammar/mask.ts'
import { Pushdown } from '../grammar/pushdown.ts'
import { tokenTrie } from '../grammar/token-trie.ts'
import type { ServedModel } from '../serving.ts'
import { callByte, callToken } from '../tools/syntax.ts'

/** Makes the constraint of one choice. */
export type Constrain = () => TokenConstraint

/** What answers may be made of, compiled for one model; the last that were asked for are kept. */
export class Constraints {
  readonly #model: ServedModel
  #masks: TokenMasks | undefined
  /** By key, the longest unused first. */
  readonly #compiled = new Map<string, Pushdown>()

  constructor(model: ServedModel) {
    this.#model = model
  }

  /**
   * The grammar's own: `key` says whose it is and what it is made of. Where the answer goes on with a text (`continues`), a space
   * in front is part of it. Throws InputError for a grammar that is refused.
   */
  of(key: string, grammar: () => Grammar, { continues }: { readonly continues: boolean }): Constrain {
    const masks = (this.#masks ??= this.#newMasks())
    const automaton = this.#compiled.get(key) ?? new Pushdown(compile(grammar(), masks.trie.single))
    this.#keep(key, automaton)
    const stripsLeadingSpace = this.#model.tokenizer.stripsLeadingSpace && !continues
    return () => new Constraint({ automaton, masks, stripsLeadingSpace })
  }

  /** A trie takes some tenths of a second for a large vocabulary: it is made when it is asked for first. */
  #newMasks(): TokenMasks {
    const { tokenizer, end } = this.#model
    return new TokenMasks(tokenTrie(tokenizer, { control: new Map([[callToken, callByte]]) }), end)
  }

  #keep(key: string, automaton: Pushdown): void {
    this.#compiled.delete(key)
    this.#compiled.set(key, automaton)
    if (this.#compiled.size > kept) this.#compiled.delete(this.#compiled.keys().next().value!)
  }
}

/** Each may come to hold some tens of megabytes. */
const kept = 32

/** What is thrown is told as `blame` says. */
export function blamed<T>(blame: (error: unknown) => unknown, action: () => T): T {
  try {
    return action()
  } catch (error) {
    throw blame(error)
  }
}

/** The same, whatever it throws `blamed`: a grammar may turn out to be too ambiguous as late as in a text. */
export function blaming(constrain: Constrain, blame: (error: unknown) => unknown): Constrain {
  return () => {
    const constraint = blamed(blame, constrain)
    return {
      mask: () => blamed(blame, () => constraint.mask()),
      accept: (token) => blamed(blame, () => constraint.accept(token)),
      get isOver() {
        return constraint.isOver
      },
    }
  }
}
