import { declared, type Check } from '../check.ts'
import type { Fields } from '../capabilities.ts'
import { CheckFailure, type Found } from '../found.ts'
import { askChat, chat, chatStream, contentOf } from '../questions.ts'
import { mustBeError } from './error-body.ts'

export const logprobs: readonly Check[] = [
  {
    number: 43,
    part: 'a',
    title: 'logprobs with top_logprobs from 0 to the limit',
    requires: ['topLogprobs'],
    async run(context) {
      const most = declared(context, 'topLogprobs')
      for (const top of [0, 1, most]) {
        const reply = await chat(context, { logprobs: true, top_logprobs: top })
        for (const token of tokensOf(reply)) {
          const list = token.get('top_logprobs')
          list.must(list.list().length === top, `${top} tokens`)
        }
      }
      ;(await chat(context))
        .get('choices[0].logprobs')
        .must((await chat(context)).get('choices[0].logprobs').absent, 'null')
    },
  },
  {
    number: 43,
    part: 'b',
    title: 'top_logprobs beyond the limit, or without logprobs, is refused',
    requires: ['topLogprobs'],
    async run(context) {
      const bad = [declared(context, 'topLogprobs') + 1, -1, 1.5, 'a'].map((top) => ({
        logprobs: true,
        top_logprobs: top,
      }))
      for (const fields of [...bad, { top_logprobs: 2 }, { logprobs: false, top_logprobs: 2 }, { logprobs: 'yes' }]) {
        const reply = await askChat(context, fields)
        if (reply.status === 200) throw new CheckFailure(JSON.stringify(fields), '400', 200)
        mustBeError(reply.mustBe(400, 422))
      }
    },
  },
  {
    number: 44,
    part: 'a',
    title: "the tokens' bytes are the content, in a plain reply",
    requires: ['topLogprobs'],
    async run(context) {
      for (const fields of questions) {
        const reply = await chat(context, { logprobs: true, ...fields })
        mustSpell(`plain reply to ${JSON.stringify(fields)}`, tokensOf(reply), contentOf(reply))
      }
    },
  },
  {
    number: 44,
    part: 'b',
    title: "the tokens' bytes are the content, in a stream",
    requires: ['topLogprobs'],
    async run(context) {
      for (const fields of questions) {
        const { choices, where } = await chatStream(context, { logprobs: true, ...fields })
        const { parts, text } = choices()[0]!
        const lists = parts.map((part) => part.get('logprobs.content')).filter(({ absent }) => !absent)
        mustSpell(
          where,
          lists.flatMap((list) => list.list()),
          text,
        )
      }
    },
  },
  {
    number: 45,
    title: 'log-probabilities are at most 0, sorted, agree, and add up to no more than 1',
    requires: ['topLogprobs'],
    async run(context) {
      const top = declared(context, 'topLogprobs')
      for (const fields of [{}, { temperature: 1 }]) {
        const reply = await chat(context, { logprobs: true, top_logprobs: top, ...fields })
        tokensOf(reply).forEach(mustBeProbable)
      }
    },
  },
  {
    number: 46,
    title: "a token's name is its bytes as text, or spells them",
    requires: ['topLogprobs'],
    async run(context) {
      const top = declared(context, 'topLogprobs')
      const reply = await chat(context, { logprobs: true, top_logprobs: top, temperature: 1, max_tokens: 32 })
      for (const token of tokensOf(reply))
        for (const one of [token, ...token.get('top_logprobs').list()]) mustBeNamed(one)
    },
  },
  {
    number: 48,
    title: 'at temperature 0 each token is the likeliest',
    requires: ['topLogprobs'],
    async run(context) {
      const reply = await chat(context, { logprobs: true, top_logprobs: Math.min(5, declared(context, 'topLogprobs')) })
      for (const token of tokensOf(reply)) {
        const best = token.get('top_logprobs[0]')
        // Two tokens may be equally likely.
        token
          .get('logprob')
          .must(token.get('logprob').number() >= best.get('logprob').number(), 'that of the likeliest')
        const tie = best.get('logprob').value === token.get('top_logprobs[1].logprob').value
        if (!tie) token.get('token').is(best.get('token').value)
      }
    },
  },
]

const questions: readonly Fields[] = [{}, { temperature: 1, max_tokens: 48 }, { stop: ['e', 'a', ' '] }]

/** The content's tokens; at least one where there is content. */
function tokensOf(reply: Found): Found[] {
  const list = reply.get('choices[0].logprobs.content')
  const tokens = list.list()
  list.must(tokens.length > 0 || contentOf(reply) === '', 'at least one token')
  return tokens
}

function mustSpell(where: string, tokens: readonly Found[], content: string): void {
  const bytes = tokens.flatMap((token) => {
    const list = token.get('bytes')
    return list.absent ? [...Buffer.from(token.get('token').string())] : list.list().map((byte) => byte.count())
  })
  // Bytes that are no text stand in the content as U+FFFD.
  const found = new TextDecoder('utf-8', { ignoreBOM: true }).decode(Uint8Array.from(bytes))
  if (found !== content) throw new CheckFailure(`${where}: bytes of all tokens`, JSON.stringify(content), found)
}

function mustBeProbable(token: Found): void {
  const own = token.get('logprob')
  own.must(own.number() <= 0, 'at most 0')
  const others = token.get('top_logprobs').list()
  const values = others.map((other) => other.get('logprob').number())
  const list = token.get('top_logprobs')
  list.must(
    values.every((value, i) => value <= 0 && (i === 0 || value <= values[i - 1]!)),
    'falling numbers, at most 0',
  )
  list.must(
    values.reduce((sum, value) => sum + Math.exp(value), 0) <= 1 + 1e-6,
    'probabilities that add up to at most 1',
  )
  // A token that a stop string has cut is no longer called what it was.
  const same = others.find((other) => other.get('token').value === token.get('token').value)
  const listed = own.number() >= (values.at(-1) ?? 0) - 1e-9
  list.must(!listed || same !== undefined, `the chosen token ${JSON.stringify(token.get('token').value)} among them`)
  if (listed) own.must(Math.abs(own.number() - same!.get('logprob').number()) < 1e-6, 'as in top_logprobs')
}

/** OpenAI writes bytes that are no text by themselves as `bytes:\xe6\xbc`. */
function mustBeNamed(token: Found): void {
  const list = token.get('bytes')
  if (list.absent) return
  const bytes = Buffer.from(list.list().map((byte) => byte.count()))
  const name = token.get('token')
  try {
    name.is(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes))
  } catch (error) {
    if (error instanceof CheckFailure) throw error
    name.is(`bytes:${Array.from(bytes, (byte) => `\\x${byte.toString(16).padStart(2, '0')}`).join('')}`)
  }
}
