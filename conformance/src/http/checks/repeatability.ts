import { declared, type Check, type CheckContext } from '../check.ts'
import type { Fields } from '../capabilities.ts'
import { CheckFailure, NotApplicable } from '../found.ts'
import { askChat, chatBody, chatPath, chatStream, chatText, contentOf, say } from '../questions.ts'
import { mustBeError } from './error-body.ts'

export const repeatability: readonly Check[] = [
  {
    number: 32,
    title: 'at temperature 0 ten answers are the same',
    async run(context) {
      const first = await chatText(context)
      for (let i = 1; i < 10; i++) mustEqual(`answer ${i + 1} at temperature 0`, await chatText(context), first)
    },
  },
  {
    number: 33,
    part: 'a',
    title: 'the same seed gives the same answer, streamed or not',
    requires: ['seed'],
    async run(context) {
      for (const seed of [0, 1, 123456789, -5]) {
        const fields = { temperature: 1, seed }
        const first = await chatText(context, fields)
        mustEqual(`the second answer of seed ${seed}`, await chatText(context, fields), first)
        mustEqual(`the stream of seed ${seed}`, (await chatStream(context, fields)).text(), first)
      }
    },
  },
  {
    number: 33,
    part: 'b',
    title: 'other seeds give other answers, and so does none',
    requires: ['seed'],
    async run(context) {
      const texts = new Set<string>()
      for (const seed of [1, 2, 3, 4, undefined, undefined]) {
        texts.add(await chatText(context, { temperature: 1, ...(seed !== undefined && { seed }) }))
      }
      if (texts.size < 4)
        throw new CheckFailure('six answers at temperature 1', 'at least 4 different ones', [...texts])
    },
  },
  {
    number: 34,
    part: 'a',
    title: 'an answer is the same alone, and among 2 and 8 that run together',
    requires: ['concurrency'],
    async run(context) {
      await mustStayTheSame(context, [{}, { max_tokens: 9 }])
    },
  },
  {
    number: 34,
    part: 'b',
    title: 'an answer with a seed is the same alone, and among 2 and 8 that run together',
    requires: ['concurrency', 'seed'],
    async run(context) {
      await mustStayTheSame(context, [
        { temperature: 1, seed: 11 },
        { temperature: 0.8, top_p: 0.9, seed: 12 },
      ])
    },
  },
  {
    number: 42,
    title: 'large seeds are kept exactly or refused, never rounded',
    requires: ['seed'],
    async run(context) {
      // As digits: a double would round these together.
      const pairs = [
        ['9007199254740993', '9007199254740992'],
        ['9223372036854775807', '9223372036854775806'],
      ]
      for (const pair of pairs) {
        const texts = []
        for (const seed of pair) texts.push(await seeded(context, seed))
        if (texts[0] !== null && texts[0] === texts[1])
          throw new CheckFailure(`answers of seeds ${pair.join(' and ')}`, 'two different ones, or 400', texts)
      }
    },
  },
]

/** The answer, or null where the seed is refused. */
async function seeded(context: CheckContext, digits: string): Promise<string | null> {
  const body = JSON.stringify(chatBody(context, { temperature: 1, seed: 0 })).replace('"seed":0', `"seed":${digits}`)
  const reply = await context.client.post(chatPath, body)
  if (reply.status !== 200) return (void mustBeError(reply.mustBe(400, 422)), null)
  return contentOf(reply.json())
}

/** Each of these alone; then with others around it that have nothing to do with it. */
async function mustStayTheSame(context: CheckContext, all: readonly Fields[]): Promise<void> {
  if (declared(context, 'concurrency') < 2) throw new NotApplicable('one request runs at a time')
  const alone: string[] = []
  for (const fields of all) alone.push(await chatText(context, fields))
  for (const size of [2, 8].filter((size) => size <= declared(context, 'concurrency'))) {
    const others = Array.from({ length: size - all.length }, (_, i) =>
      askChat(context, { ...say(`Count ${'and on '.repeat(7 * i)}`), temperature: 1, max_tokens: 3 + 5 * i }),
    )
    const texts = await Promise.all(all.map((fields) => chatText(context, fields)))
    await Promise.all(others)
    texts.forEach((text, i) => mustEqual(`answer ${i + 1} among ${size}`, text, alone[i]!))
  }
}

function mustEqual(where: string, found: string, expected: string): void {
  if (found !== expected) throw new CheckFailure(where, JSON.stringify(expected), found)
}
