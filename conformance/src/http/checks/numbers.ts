import { declared, type Check, type CheckContext } from '../check.ts'
import type { GoldenRow, GoldenRows } from '../golden-model.ts'
import { CheckFailure, Found } from '../found.ts'
import { completion } from '../questions.ts'

export const numbers: readonly Check[] = [
  {
    number: 47,
    part: 'a',
    title: "log-probabilities of what follows are the golden model's, within the bound",
    requires: ['golden', 'completions', 'tokenPrompts'],
    async run(context) {
      const { expected, there } = golden(context)
      for (const [t, row] of expected.rows.entries()) {
        const prompt = expected.tokens.slice(0, t + 1)
        const reply = await completion(there, { prompt, max_tokens: 1, logprobs: 5 })
        const lists = reply.get('choices[0].logprobs')
        // An answer that ends at once may have no tokens to speak of.
        const [first] = lists.get('top_logprobs').list()
        if (first === undefined) lists.must(likeliest(row) <= 2, 'a token')
        else mustBeWithin(first, row, expected)
      }
    },
  },
  {
    number: 47,
    part: 'b',
    title: "log-probabilities of a prompt are the golden model's, within the bound",
    requires: ['golden', 'completions', 'tokenPrompts', 'echo'],
    async run(context) {
      const { expected, there } = golden(context)
      const { tokens, rows } = expected
      const reply = await completion(there, { prompt: tokens, max_tokens: 1, logprobs: 5, echo: true })
      const lists = reply.get('choices[0].logprobs')
      const [found, top] = [lists.get('token_logprobs').list(), lists.get('top_logprobs').list()]
      lists.get('token_logprobs').must(found.length >= tokens.length, `at least ${tokens.length} numbers`)
      for (let t = 1; t < tokens.length; t++) {
        mustBeNear(found[t]!, rows[t - 1]!.logprobs[tokens[t]!]!, rows[t - 1]!.bound)
        mustBeWithin(top[t]!, rows[t - 1]!, expected)
      }
    },
  },
]

/** What is expected, and a context in which the golden model's server is asked. */
function golden(context: CheckContext): { expected: GoldenRows; there: CheckContext } {
  const { url, model, key, expected } = declared(context, 'golden')
  return { expected, there: { ...context, model, client: context.client.with({ url, key }) } }
}

/** Names and numbers of the likeliest tokens, each within the bound, and none of them missing that is likelier beyond it. */
function mustBeWithin(top: Found, row: GoldenRow, { vocabulary }: GoldenRows): void {
  const names = Object.keys(top.record())
  for (const name of names) {
    const id = vocabulary.indexOf(name)
    if (id < 0) throw new CheckFailure(`${top.where} names`, 'tokens of the vocabulary', name)
    mustBeNear(new Found(`${top.where} ${JSON.stringify(name)}`, top.record()[name]), row.logprobs[id]!, row.bound)
  }
  const best = vocabulary[likeliest(row)]!
  top.must(names.includes(best), `the likeliest token, ${JSON.stringify(best)}, among them`)
}

function mustBeNear(found: Found, expected: number, bound: number): void {
  found.must(Math.abs(found.number() - expected) <= bound, `${expected} ± ${bound.toExponential(2)}`)
}

function likeliest({ logprobs }: GoldenRow): number {
  return logprobs.indexOf(Math.max(...logprobs))
}
