import type { Fields } from '../capabilities.ts'
import { declared, type Check, type CheckContext } from '../check.ts'
import { encoderOf, tokenOf } from '../encoder.ts'
import { CheckFailure } from '../found.ts'
import { askChat, chat, chatText, contentOf, contentsOf } from '../questions.ts'
import { mustBeError } from './error-body.ts'

export const sampling: readonly Check[] = [
  {
    number: 37,
    part: 'a',
    title: 'a logit_bias of 100 forces a token',
    requires: ['logitBias', 'encoder'],
    async run(context) {
      for (const letter of ['x', 'Q']) {
        const logit_bias = { [await tokenOf(encoderOf(context), letter)]: 100 }
        const found = contentOf(await chat(context, { logit_bias, max_tokens: 8 }))
        if (found !== letter.repeat(8))
          throw new CheckFailure(`content with "${letter}" forced`, letter.repeat(8), found)
      }
    },
  },
  {
    number: 37,
    part: 'b',
    title: 'a logit_bias of -100 bans a token',
    requires: ['logitBias', 'encoder'],
    async run(context) {
      const encoder = encoderOf(context)
      const [x, y] = [await tokenOf(encoder, 'x'), await tokenOf(encoder, 'y')]
      // With x out of the question it is y that has the largest bias left.
      const banned = await chatText(context, { logit_bias: { [x]: -100, [y]: 100 }, max_tokens: 8 })
      if (banned !== 'yyyyyyyy') throw new CheckFailure('content with "y" forced', 'yyyyyyyy', banned)
      const first = await chatText(context, { max_tokens: 1 })
      const ids = await encoder.encode(first)
      if (ids.length !== 1) return
      const other = await chatText(context, { max_tokens: 1, logit_bias: { [ids[0]!]: -100 } })
      if (other === first)
        throw new CheckFailure(`content with ${JSON.stringify(first)} banned`, 'another token', other)
    },
  },
  {
    number: 37,
    part: 'c',
    title: 'a logit_bias with bad ids or values is refused',
    requires: ['logitBias'],
    async run(context) {
      const bad = [{ a: 1 }, { '-1': 1 }, { '1.5': 1 }, { 99999999: 1 }, { 5: 101 }, { 5: -101 }, { 5: 'a' }, [1], 'a']
      for (const logit_bias of bad) await mustRefuse(context, { logit_bias })
      ;(await askChat(context, { logit_bias: {} })).mustBe(200)
    },
  },
  {
    number: 38,
    part: 'a',
    title: 'a frequency_penalty makes repetition rarer, a negative one more frequent',
    requires: ['penalties', 'logitBias', 'encoder'],
    run: (context) => mustVary(context, 'frequency_penalty'),
  },
  {
    number: 38,
    part: 'b',
    title: 'a presence_penalty makes repetition rarer, a negative one more frequent',
    requires: ['penalties', 'logitBias', 'encoder'],
    run: (context) => mustVary(context, 'presence_penalty'),
  },
  {
    number: 38,
    part: 'c',
    title: 'penalties beyond -2 to 2 are refused',
    requires: ['penalties'],
    async run(context) {
      for (const name of ['frequency_penalty', 'presence_penalty']) {
        for (const value of [2.1, -2.1, '1', [1]]) await mustRefuse(context, { [name]: value })
        for (const value of [2, -2]) (await askChat(context, { [name]: value })).mustBe(200)
      }
    },
  },
  {
    number: 39,
    part: 'a',
    title: 'a tiny top_p leaves the likeliest token alone',
    run: (context) => mustBeGreedy(context, { top_p: 1e-9 }),
  },
  {
    number: 39,
    part: 'b',
    title: 'top_k 1 leaves the likeliest token alone',
    requires: ['topK'],
    run: (context) => mustBeGreedy(context, { top_k: 1 }),
  },
  {
    number: 39,
    part: 'c',
    title: 'min_p 1 leaves the likeliest token alone',
    requires: ['minP'],
    run: (context) => mustBeGreedy(context, { min_p: 1 }),
  },
  {
    number: 40,
    title: 'n up to its limit gives so many choices, beyond it 400',
    requires: ['choices'],
    async run(context) {
      const most = declared(context, 'choices')
      for (const n of [1, most]) {
        const found = contentsOf(await chat(context, { n, max_tokens: 2 }))
        if (found.length !== n) throw new CheckFailure(`choices of n ${n}`, `${n}`, found)
      }
      for (const n of [0, -1, most + 1, 1e9, 1.5, '2']) await mustRefuse(context, { n })
    },
  },
  {
    number: 41,
    title: 'temperature, top_p and seed out of their ranges are refused by name',
    requires: ['seed'],
    async run(context) {
      const bad = {
        temperature: [-0.1, 2.1, '1', [1], true],
        top_p: [-0.1, 1.1, '1'],
        seed: [1.5, 'a', [1]],
      }
      for (const [name, values] of Object.entries(bad))
        for (const value of values) await mustRefuse(context, { [name]: value })
      for (const fields of [{ temperature: 2 }, { top_p: 1 }]) (await askChat(context, fields)).mustBe(200)
    },
  },
]

/** 400 or 422, naming the field. */
async function mustRefuse(context: CheckContext, fields: Fields): Promise<void> {
  const [[name, value]] = Object.entries(fields) as [[string, unknown]]
  const reply = await askChat(context, fields)
  if (reply.status === 200) throw new CheckFailure(`${name} ${JSON.stringify(value)}`, '400', 200)
  const error = mustBeError(reply.mustBe(400, 422)).json().get('error')
  error.must(JSON.stringify(error.value).includes(name), `${name} to be named`)
}

async function mustBeGreedy(context: CheckContext, fields: Fields): Promise<void> {
  const expected = await chatText(context)
  for (let i = 0; i < 2; i++) {
    const found = await chatText(context, { temperature: 2, ...fields })
    if (found !== expected)
      throw new CheckFailure(`content with ${JSON.stringify(fields)}`, JSON.stringify(expected), found)
  }
}

/** Among twenty letters, all as likely as can be arranged: how many different ones there are in an answer. */
async function mustVary(context: CheckContext, penalty: string): Promise<void> {
  const encoder = encoderOf(context)
  const letters = Array.from('ABCDEFGHIJKLMNOPQRST')
  const ids = await Promise.all(letters.map((letter) => tokenOf(encoder, letter)))
  const logit_bias = Object.fromEntries(ids.map((id) => [id, 100]))
  const different = async (value: number): Promise<number> => {
    const texts: string[] = []
    for (let seed = 0; seed < 6; seed++) {
      texts.push(await chatText(context, { logit_bias, temperature: 1, max_tokens: 24, [penalty]: value, seed }))
    }
    return texts.reduce((sum, text) => sum + new Set(text).size, 0)
  }
  const [few, some, many] = [await different(-2), await different(0), await different(2)]
  if (few < some && some < many) return
  throw new CheckFailure(`different letters with ${penalty} -2, 0 and 2`, 'more and more', [few, some, many])
}
