import { declared, type Check } from '../check.ts'
import { CheckFailure, type Found } from '../found.ts'
import { encoderOf } from '../encoder.ts'
import { chat, chatStream, completion, contentOf, say } from '../questions.ts'

const conversation = [
  { role: 'system', content: 'You are brief.' },
  { role: 'user', content: 'Wie heißt das Meer? 海は？ 🌊' },
  { role: 'assistant', content: 'Die See.' },
  { role: 'user', content: '  two  spaces\n\nand lines\t' },
]

export const usage: readonly Check[] = [
  {
    number: 10,
    part: 'a',
    title: 'usage adds up, in plain replies and at the end of a stream',
    async run(context) {
      const plain = await chat(context)
      mustAddUp(plain)
      if (context.capabilities.streamUsage !== true) return
      const { chunks } = await chatStream(context, { stream_options: { include_usage: true } })
      const last = chunks.at(-1)!
      mustAddUp(last)
      for (const name of counts) last.get(`usage.${name}`).is(plain.get(`usage.${name}`).value)
    },
  },
  {
    number: 10,
    part: 'b',
    title: 'prompt_tokens is what the tokenizer makes of the rendered chat',
    requires: ['encoder'],
    async run(context) {
      const encoder = encoderOf(context)
      for (const messages of [[conversation[1]!], conversation]) {
        const expected = await encoder.countChat(messages)
        ;(await chat(context, { messages, max_tokens: 1 })).get('usage.prompt_tokens').is(expected)
      }
      if (context.capabilities.completions !== true) return
      const prompt = 'Once upon a time, 昔々'
      const ids = await encoder.encode(prompt)
      const found = (await completion(context, { prompt })).get('usage.prompt_tokens')
      // Some models begin every text with a token of their own.
      found.must([ids.length, ids.length + 1].includes(found.count()), `${ids.length}, or one more`)
    },
  },
  {
    number: 10,
    part: 'c',
    title: 'completion_tokens is the number of tokens drawn',
    async run(context) {
      for (const max_tokens of [1, 2, 7]) {
        const reply = await chat(context, { max_tokens })
        const cut = reply.get('choices[0].finish_reason').value === 'length'
        const found = reply.get('usage.completion_tokens')
        if (cut) found.is(max_tokens)
        else found.must(found.count() <= max_tokens, `at most ${max_tokens}`)
      }
    },
  },
  {
    number: 10,
    part: 'd',
    title: 'completion_tokens counts all choices',
    requires: ['choices'],
    async run(context) {
      const n = Math.min(2, declared(context, 'choices'))
      const reply = await chat(context, { n, max_tokens: 5 })
      const choices = reply.get('choices').list()
      const cut = choices.filter((choice) => choice.get('finish_reason').value === 'length').length
      const found = reply.get('usage.completion_tokens')
      if (cut === n) found.is(5 * n)
      else found.must(found.count() <= 5 * n && found.count() >= 5 * cut, `from ${5 * cut} to ${5 * n}`)
      const once = (await chat(context, { max_tokens: 5 })).get('usage.prompt_tokens')
      reply.get('usage.prompt_tokens').is(once.value)
    },
  },
  {
    number: 10,
    part: 'e',
    title: 'the token that ends an answer is counted, or not, as declared, and gives no text',
    requires: ['end', 'logitBias'],
    async run(context) {
      const { token, counted } = declared(context, 'end')
      const reply = await chat(context, { ...say('Hello'), logit_bias: { [token]: 100 } })
      reply.get('choices[0].finish_reason').is('stop')
      reply.get('usage.completion_tokens').is(counted ? 1 : 0)
      const content = contentOf(reply)
      if (content !== '') throw new CheckFailure('content of an answer that ends at once', '""', content)
    },
  },
]

const counts = ['prompt_tokens', 'completion_tokens', 'total_tokens']

function mustAddUp(reply: Found): void {
  const [prompt, drawn, total] = counts.map((name) => reply.get(`usage.${name}`))
  prompt!.must(prompt!.count() > 0, 'more than 0')
  total!.is(prompt!.count() + drawn!.count())
  const cached = reply.get('usage.prompt_tokens_details.cached_tokens')
  if (!cached.absent) cached.must(cached.count() <= prompt!.count(), `at most prompt_tokens, ${prompt!.count()}`)
}
