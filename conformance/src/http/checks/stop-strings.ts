import { declared, type Check, type CheckContext } from '../check.ts'
import { encoderOf, tokenOf } from '../encoder.ts'
import { CheckFailure } from '../found.ts'
import { askChat, chat, chatStream, chatText, contentOf } from '../questions.ts'
import { isWhole } from '../whole.ts'
import { mustBeError } from './error-body.ts'

const long = { max_tokens: 32 }

export const stopStrings: readonly Check[] = [
  {
    number: 26,
    part: 'a',
    title: 'nothing of a stop string is shown before it is known to be one',
    async run(context) {
      const whole = await chatText(context, long)
      for (const stop of cuts(whole)) {
        const { where, choices } = await chatStream(context, { ...long, stop })
        const expected = whole.slice(0, whole.indexOf(stop))
        const { text, finishReasons } = choices()[0]!
        if (text !== expected)
          throw new CheckFailure(`${where} with stop ${JSON.stringify(stop)}`, JSON.stringify(expected), text)
        if (finishReasons[0] !== 'stop') throw new CheckFailure(`${where} finish_reason`, 'stop', finishReasons)
      }
    },
  },
  {
    number: 26,
    part: 'b',
    title: 'what only began like a stop string is shown in the end',
    async run(context) {
      const whole = await chatText(context, long)
      const never = [whole.slice(1, 9), whole.slice(-4), whole.slice(-1)].map((begun) => `${begun}\u0001never`)
      const stops = never.slice(0, Math.min(3, context.capabilities.stops ?? 1))
      const { where, choices } = await chatStream(context, { ...long, stop: stops })
      if (choices()[0]!.text !== whole)
        throw new CheckFailure(`${where} text`, JSON.stringify(whole), choices()[0]!.text)
    },
  },
  {
    number: 36,
    part: 'a',
    title: 'a stop string ends the answer and is no part of it',
    async run(context) {
      const whole = await chatText(context, long)
      for (const stop of cuts(whole)) await mustStop(context, whole, stop)
    },
  },
  {
    number: 36,
    part: 'b',
    title: 'of several stop strings the first to be complete ends the answer',
    requires: ['stops'],
    async run(context) {
      const whole = await chatText(context, long)
      const most = Math.min(4, declared(context, 'stops'))
      const stops = [...cuts(whole).slice(1), '\u0001never', '\u0002never', '\u0003never'].slice(0, most)
      const ends = stops.filter((stop) => whole.includes(stop))
      const first = ends.sort((a, b) => whole.indexOf(a) + a.length - whole.indexOf(b) - b.length)[0]!
      const reply = await chat(context, { ...long, stop: stops })
      reply.get('choices[0].message.content').is(whole.slice(0, whole.indexOf(first)))
      reply.get('choices[0].finish_reason').is('stop')
    },
  },
  {
    number: 36,
    part: 'c',
    title: 'a stop string may end within a token, and begin the answer',
    requires: ['encoder', 'logitBias'],
    async run(context) {
      const word = ' the'
      const bias = { logit_bias: { [await tokenOf(encoderOf(context), word)]: 100 } }
      const reply = await chat(context, { ...bias, stop: 'e th' })
      reply.get('choices[0].finish_reason').is('stop')
      const content = contentOf(reply)
      // A chat may begin without the space of its first word.
      if (content.trimStart() !== 'th') throw new CheckFailure('content cut at "e th"', '" th"', content)
      const start = await chat(context, { ...bias, stop: 'th' })
      if (contentOf(start).trim() !== '') throw new CheckFailure('content cut at its beginning', '""', contentOf(start))
      start.get('choices[0].finish_reason').is('stop')
    },
  },
  {
    number: 36,
    part: 'd',
    title: 'too many stop strings, and an empty one, are refused',
    requires: ['stops'],
    async run(context) {
      const many = Array.from({ length: declared(context, 'stops') + 1 }, (_, i) => `never ${i}`)
      ;(await askChat(context, { stop: many.slice(1) })).mustBe(200)
      for (const stop of [many, '', [''], [1], { a: 'b' }]) {
        mustBeError((await askChat(context, { stop })).mustBe(400, 422))
      }
    },
  },
]

async function mustStop(context: CheckContext, whole: string, stop: string): Promise<void> {
  const choice = (await chat(context, { ...long, stop })).get('choices[0]')
  choice.get('message.content').is(whole.slice(0, whole.indexOf(stop)))
  choice.get('finish_reason').is('stop')
}

/** Parts of a text to stop at: its first character, some within it, some across several words. */
function cuts(text: string): string[] {
  const places = [
    [0, 1],
    [1, 3],
    [2, 12],
    [5, 2],
    [7, 20],
  ] as const
  const parts = places.map(([from, length]) => text.slice(from, from + length))
  const usable = parts.filter((part) => part !== '' && isWhole(part) && !part.includes('\ufffd'))
  if (usable.length < 2) throw new CheckFailure('an answer to cut', 'some words', text)
  return usable
}
