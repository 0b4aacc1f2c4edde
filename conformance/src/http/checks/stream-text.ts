import { declared, type Check, type CheckContext } from '../check.ts'
import { encoderOf } from '../encoder.ts'
import { CheckFailure, NotApplicable } from '../found.ts'
import { chat, chatBody, chatPath, chatStream, chatText, contentsOf, say } from '../questions.ts'
import { isWhole } from '../whole.ts'

export const streamText: readonly Check[] = [
  {
    number: 25,
    part: 'a',
    title: 'half a character is never shown',
    requires: ['encoder', 'logitBias'],
    async run(context) {
      const [, [first]] = await splitCharacter(context)
      const half = { max_tokens: 1, logit_bias: { [first!]: 100 } }
      const found = [...(await chatStream(context, half)).choices()[0]!.pieces, await chatText(context, half)]
      if (found.join('') !== '') throw new CheckFailure('content that ends within a character', '""', found)
    },
  },
  {
    number: 25,
    part: 'b',
    title: 'a character that comes in two tokens is shown whole',
    requires: ['encoder', 'logitBias', 'choices', 'seed'],
    async run(context) {
      const [character, [first, second]] = await splitCharacter(context)
      const n = Math.min(16, declared(context, 'choices'))
      // Both halves are as likely as can be arranged; which choices draw them in their order is left to chance.
      const fields = { n, max_tokens: 2, temperature: 2, logit_bias: { [first!]: 100, [second!]: 100 } }
      const seen = new Set<string>()
      for (let seed = 0; seed < 256 && !seen.has(character); seed += n) {
        for (const { pieces, text } of (await chatStream(context, { ...fields, seed })).choices()) {
          for (const piece of pieces) if (!isWhole(piece)) throw new CheckFailure('a piece', 'whole characters', piece)
          seen.add(text)
        }
      }
      if (!seen.has(character)) throw new CheckFailure(`choices of the halves of ${character}`, character, [...seen])
    },
  },
  {
    number: 25,
    part: 'c',
    title: 'a cut answer is a beginning of the whole one, wherever it is cut',
    async run(context) {
      const whole = await chatText(context, { ...say('海 🌊?'), max_tokens: 12 })
      for (let max_tokens = 1; max_tokens < 12; max_tokens++) {
        const { where, choices } = await chatStream(context, { ...say('海 🌊?'), max_tokens })
        const { text } = choices()[0]!
        if (!whole.startsWith(text))
          throw new CheckFailure(`${where} with max_tokens ${max_tokens}`, `a beginning of "${whole}"`, text)
        if (!isWhole(text)) throw new CheckFailure(where, 'whole characters', text)
      }
    },
  },
  {
    number: 27,
    part: 'a',
    title: 'every choice of a stream is complete, and the same as in the plain reply',
    requires: ['choices', 'seed'],
    async run(context) {
      const n = Math.min(4, declared(context, 'choices'))
      const fields = { n, temperature: 1, seed: 7 }
      const plain = contentsOf(await chat(context, fields))
      const { where, choices } = await chatStream(context, fields)
      const found = choices()
      if (found.length !== n)
        throw new CheckFailure(
          `${where} choices`,
          `${n}`,
          found.map(({ index }) => index),
        )
      for (const { index, parts, text, finishReasons } of found) {
        parts[0]!.get('delta.role').is('assistant')
        if (finishReasons.length !== 1)
          throw new CheckFailure(`${where} choice ${index}`, 'one finish_reason', finishReasons)
        if (text !== plain[index]) throw new CheckFailure(`${where} choice ${index}`, `"${plain[index]}"`, text)
      }
    },
  },
  {
    number: 27,
    part: 'b',
    title: 'choices of a stream come side by side',
    requires: ['choices', 'capacity'],
    async run(context) {
      if (declared(context, 'choices') < 2) throw new NotApplicable('there is one choice only')
      const { where, chunks } = await chatStream(context, { n: 2, max_tokens: 32, temperature: 1 })
      const order = chunks.flatMap((chunk) => chunk.get('choices').list()).map((choice) => choice.get('index').value)
      const turns = order.filter((index, i) => index !== order[i - 1]).length
      if (turns < 4) throw new CheckFailure(`${where} order of chunks`, 'the choices to take turns', order)
    },
  },
  {
    number: 31,
    title: 'the first words come long before the last',
    async run(context) {
      const found: string[] = []
      for (let attempt = 0; attempt < 3; attempt++) {
        const { first, last } = await arrivals(context)
        if (last - first > 0.3 * last) return
        found.push(`first after ${Math.round(first)} ms, last after ${Math.round(last)} ms`)
      }
      throw new CheckFailure('when the pieces of a stream came', 'the first before 70 % of the time', found)
    },
  },
]

/** When the first and the last piece came, in milliseconds since the question. */
async function arrivals(context: CheckContext): Promise<{ first: number; last: number }> {
  const start = performance.now()
  const arrival = await context.client.open(chatPath, chatBody(context, { stream: true, max_tokens: 64 }))
  const times: number[] = []
  const decoder = new TextDecoder()
  for await (const { bytes } of arrival.pieces()) {
    if (/"content": ?"[^"]/.test(decoder.decode(bytes, { stream: true }))) times.push(performance.now() - start)
  }
  return { first: times[0] ?? 0, last: times.at(-1) ?? 0 }
}

/** A character that is two tokens, which show nothing by themselves, and their ids. */
async function splitCharacter(context: CheckContext): Promise<[string, readonly number[]]> {
  const encoder = encoderOf(context)
  for (const character of 'ęłőżčřšžﬁ☃♞✂✈⚓⛄漢鳥猫龍ሀ') {
    const ids = await encoder.encode(character)
    if (ids.length === 2 && ids[0] !== ids[1]) return [character, ids]
  }
  throw new NotApplicable('none of the characters tried is two tokens')
}
