import { type Check } from '../check.ts'
import { encoderOf } from '../encoder.ts'
import { CheckFailure, type Found } from '../found.ts'
import { askCompletion, completion, completionStream, completionText } from '../questions.ts'

const prompts = ['Once upon a time', 'The sea is']

export const completions: readonly Check[] = [
  {
    number: 14,
    part: 'a',
    title: 'a completion of a text has its fields, and streams to the same',
    requires: ['completions'],
    async run(context) {
      const reply = await completion(context)
      mustBeCompletion(reply)
      reply.get('choices').must(reply.get('choices').list().length === 1, 'one choice')
      reply
        .get('choices[0].finish_reason')
        .must(typeof reply.get('choices[0].finish_reason').value === 'string', 'a word')
      const stream = await completionStream(context)
      stream.chunks.forEach(mustBeCompletion)
      if (stream.text() !== reply.get('choices[0].text').string())
        throw new CheckFailure(`${stream.where} text`, String(reply.get('choices[0].text').value), stream.text())
    },
  },
  {
    number: 14,
    part: 'b',
    title: 'a completion of several texts answers each, in order',
    requires: ['completions', 'promptLists'],
    async run(context) {
      const alone = []
      for (const prompt of prompts) alone.push(await completion(context, { prompt }))
      mustBeAll(await completion(context, { prompt: prompts }), alone)
    },
  },
  {
    number: 14,
    part: 'c',
    title: 'a completion of token ids is that of their text',
    requires: ['completions', 'tokenPrompts', 'encoder'],
    async run(context) {
      const { ids, alone } = await spelled(context)
      for (const [i, prompt] of ids.entries()) mustBeAll(await completion(context, { prompt }), [alone[i]!])
    },
  },
  {
    number: 14,
    part: 'd',
    title: 'a completion of several lists of token ids answers each, in order',
    requires: ['completions', 'tokenPrompts', 'promptLists', 'encoder'],
    async run(context) {
      const { ids, alone } = await spelled(context)
      mustBeAll(await completion(context, { prompt: ids }), alone)
    },
  },
  {
    number: 15,
    title: 'echo puts the prompt before the answer',
    requires: ['completions', 'echo'],
    async run(context) {
      for (const prompt of ['Once upon a time', ' é 海 🌊']) {
        const answer = await completionText(context, { prompt })
        const echoed = (await completion(context, { prompt, echo: true })).get('choices[0].text')
        echoed.is(prompt + answer)
        const stream = await completionStream(context, { prompt, echo: true })
        if (stream.text() !== prompt + answer)
          throw new CheckFailure(`${stream.where} text`, prompt + answer, stream.text())
      }
    },
  },
  {
    number: 16,
    title: 'tokens, token_logprobs, top_logprobs and text_offset are aligned with the text',
    requires: ['completions', 'topLogprobs'],
    async run(context) {
      for (const fields of [{}, ...(context.capabilities.echo ? [{ echo: true }] : [])]) {
        mustBeAligned((await completion(context, { logprobs: 2, ...fields })).get('choices[0]'), 'echo' in fields)
      }
      ;(await askCompletion(context, { logprobs: 1000 })).mustBe(400, 422)
    },
  },
]

async function spelled(context: Parameters<Check['run']>[0]): Promise<{ ids: number[][]; alone: Found[] }> {
  const encoder = encoderOf(context)
  const [ids, alone]: [number[][], Found[]] = [[], []]
  for (const prompt of prompts) {
    ids.push([...(await encoder.encode(prompt))])
    alone.push(await completion(context, { prompt }))
  }
  return { ids, alone }
}

function mustBeCompletion(reply: Found): void {
  reply.get('object').is('text_completion')
  reply.get('id').string()
  reply.get('created').count()
  for (const choice of reply.get('choices').list()) choice.get('text').string()
}

/** One choice per prompt, each as if it had been asked alone, and usage is their sum. */
function mustBeAll(reply: Found, alone: readonly Found[]): void {
  const choices = reply.get('choices').list()
  reply.get('choices').must(choices.length === alone.length, `${alone.length} choices`)
  for (const [i, one] of alone.entries()) {
    choices[i]!.get('index').is(i)
    choices[i]!.get('text').is(one.get('choices[0].text').value)
  }
  for (const name of ['prompt_tokens', 'completion_tokens']) {
    const sum = alone.reduce((total, one) => total + one.get(`usage.${name}`).count(), 0)
    reply.get(`usage.${name}`).is(sum)
  }
}

/** text_offset counts characters. Tokens that are parts of a character are not looked up in the text. */
function mustBeAligned(choice: Found, echo: boolean): void {
  const text = choice.get('text').string()
  const characters = Array.from(text)
  const lists = ['tokens', 'token_logprobs', 'top_logprobs', 'text_offset'].map((name) =>
    choice.get(`logprobs.${name}`),
  )
  const [tokens, logprobs, top, offsets] = lists.map((list) => list.list())
  for (const list of lists) list.must(list.list().length === tokens!.length, `${tokens!.length} entries, as tokens has`)
  choice.get('logprobs.tokens').must(tokens!.length > 0, 'at least one token')
  let before = 0
  for (const [i, token] of tokens!.entries()) {
    const name = token.string()
    const offset = offsets![i]!
    offset.must(
      offset.count() >= before && offset.count() <= characters.length,
      `from ${before} to ${characters.length}`,
    )
    before = offset.count()
    const there = characters.slice(before).join('').startsWith(name)
    const whole = !name.startsWith('bytes:') && !name.includes('\ufffd') && !/^<.*>$/.test(name)
    token.must(
      !whole || there,
      `what stands in the text at ${before}, ${JSON.stringify(characters.slice(before).join(''))}`,
    )
    if (echo && i === 0) logprobs![i]!.must(logprobs![i]!.absent || logprobs![i]!.number() <= 0, 'null, or at most 0')
    else logprobs![i]!.must(logprobs![i]!.number() <= 0, 'at most 0')
    if (!logprobs![i]!.absent) top![i]!.must(Object.keys(top![i]!.record()).length > 0, 'at least one token')
  }
}
