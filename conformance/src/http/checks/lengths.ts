import { declared, type Check } from '../check.ts'
import { CheckFailure, type Found } from '../found.ts'
import { askChat, chat, chatStream, chatText, contentOf } from '../questions.ts'
import { mustBeError } from './error-body.ts'

export const lengths: readonly Check[] = [
  {
    number: 35,
    part: 'a',
    title: 'max_tokens is kept, one token is possible, and nonsense is refused',
    async run(context) {
      for (const max_tokens of [1, 2, 16]) mustEndBy(await chat(context, { max_tokens }), max_tokens)
      const pieces = (await chatStream(context, { max_tokens: 3 })).choices()[0]!.pieces.filter((piece) => piece !== '')
      if (pieces.length > 3) throw new CheckFailure('pieces of a stream of 3 tokens', 'at most 3', pieces)
      for (const max_tokens of [-1, 1.5, '3', [3]])
        mustBeError((await askChat(context, { max_tokens })).mustBe(400, 422))
    },
  },
  {
    number: 35,
    part: 'b',
    title: 'max_completion_tokens does the same',
    requires: ['maxCompletionTokens'],
    async run(context) {
      const others = { max_tokens: undefined }
      const expected = await chatText(context, { max_tokens: 4 })
      const reply = await chat(context, { ...others, max_completion_tokens: 4 })
      mustEndBy(reply, 4)
      reply.get('choices[0].message.content').is(expected)
      mustBeError((await askChat(context, { ...others, max_completion_tokens: -1 })).mustBe(400, 422))
    },
  },
  {
    number: 35,
    part: 'c',
    title: 'max_tokens 0 is an empty answer or refused, as declared',
    requires: ['zeroTokens'],
    async run(context) {
      const reply = await askChat(context, { max_tokens: 0 })
      if (declared(context, 'zeroTokens') === 'refused') return void mustBeError(reply.mustBe(400, 422))
      const empty = reply.mustBe(200).json()
      empty.get('usage.completion_tokens').is(0)
      empty.get('choices[0].finish_reason').is('length')
      if (contentOf(empty) !== '') throw new CheckFailure('content of max_tokens 0', '""', contentOf(empty))
      const choice = (await chatStream(context, { max_tokens: 0 })).choices()[0]
      if (choice?.text !== '' || choice.finishReasons[0] !== 'length')
        throw new CheckFailure('a stream of max_tokens 0', '"" and "length"', choice?.text)
    },
  },
]

function mustEndBy(reply: Found, most: number): void {
  const [drawn, reason] = [reply.get('usage.completion_tokens'), reply.get('choices[0].finish_reason')]
  drawn.must(drawn.count() <= most && drawn.count() > 0, `from 1 to ${most}`)
  // An answer that is shorter has come to its own end.
  if (drawn.value === most) reason.must(['length', 'stop'].includes(reason.value as string), 'length or stop')
  else reason.is('stop')
}
