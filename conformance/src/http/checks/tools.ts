import { callsOf, calling, mustCallRight, named, parameters, type Call } from '../called.ts'
import type { Fields } from '../capabilities.ts'
import type { Check, CheckContext } from '../check.ts'
import { NotApplicable, type Found } from '../found.ts'
import { chat } from '../questions.ts'
import { chance } from '../structured.ts'

const seeds = [1, 2]
const short = { max_tokens: 64 }

export const toolCalls: readonly Check[] = [
  {
    number: 55,
    part: 'a',
    title: 'required: at least one call of the functions given, with right arguments',
    requires: ['tools', 'validator'],
    async run(context) {
      await mustEnd(context, calling('required'), (choice, calls) => {
        choice.get('message.tool_calls').must(calls.length > 0, 'a call')
        choice.get('finish_reason').is('tool_calls')
      })
    },
  },
  {
    number: 55,
    part: 'b',
    title: 'a function by its name: that one is called, with right arguments',
    requires: ['tools', 'validator'],
    async run(context) {
      for (const name of Object.keys(parameters)) {
        await mustEnd(context, calling(named(name)), (choice, calls) => {
          const found = choice.get('message.tool_calls')
          found.must(calls.length === 1 && calls[0]!.name === name, `one call, of ${name}`)
          const reason = choice.get('finish_reason')
          reason.must(reason.value === 'stop' || reason.value === 'tool_calls', 'stop or tool_calls')
        })
      }
    },
  },
  {
    number: 55,
    part: 'c',
    title: 'auto, said or not: a text, or right calls and tool_calls as the reason',
    requires: ['tools', 'validator'],
    async run(context) {
      const [said, unsaid] = [calling('auto', short), calling(undefined, short)]
      for (const fields of [said, unsaid]) {
        for await (const choice of answers(context, fields)) mustFit(context, choice)
      }
    },
  },
  {
    number: 55,
    part: 'd',
    title: 'none: a text, and no calls',
    requires: ['tools'],
    async run(context) {
      for await (const choice of answers(context, calling('none', short))) {
        const calls = choice.get('message.tool_calls')
        calls.must(calls.absent, 'none')
        choice.get('message.content').string()
      }
    },
  },
  {
    number: 55,
    part: 'e',
    title: 'parallel_tool_calls false: one call at most',
    requires: ['tools', 'parallelToolCalls', 'validator'],
    async run(context) {
      const alone = (choice: Found, calls: readonly Call[]) =>
        choice.get('message.tool_calls').must(calls.length === 1, 'one call')
      // Left to itself, a model calls several now and then.
      await mustEnd(context, calling('required', { parallel_tool_calls: false }), alone, [1, 2, 3, 4])
    },
  },
  {
    number: 57,
    title: 'required in one token: length, and no calls',
    requires: ['tools'],
    async run(context) {
      const choice = (await chat(context, calling('required', { max_tokens: 1 }))).get('choices[0]')
      choice.get('finish_reason').is('length')
      choice.get('message.tool_calls').must(callsOf(choice).length === 0, 'none')
    },
  },
]

/** A text or calls, and the reason that belongs to it. */
function mustFit(context: CheckContext, choice: Found): void {
  const { calls } = mustCallRight(context, choice)
  const [content, reason] = [choice.get('message.content'), choice.get('finish_reason')]
  if (calls.length === 0) content.string()
  reason.must(
    (reason.value === 'tool_calls') === calls.length > 0 || reason.value === 'length',
    'tool_calls with calls alone',
  )
}

/** First choices of several answers, as they come. */
async function* answers(context: CheckContext, fields: Fields, some = seeds): AsyncGenerator<Found> {
  for (const seed of some) yield (await chat(context, { ...fields, ...chance(context, seed) })).get('choices[0]')
}

/** No answer may have a text; each that comes to its end is to be as `must` has it. */
async function mustEnd(
  context: CheckContext,
  fields: Fields,
  must: (choice: Found, calls: readonly Call[]) => void,
  some = seeds,
): Promise<void> {
  let ended = false
  for await (const choice of answers(context, fields, some)) {
    const content = choice.get('message.content')
    content.must(content.absent || content.value === '', 'no text beside calls')
    const { calls, whole } = mustCallRight(context, choice)
    if (whole) must(choice, calls)
    ended ||= whole
  }
  if (!ended) throw new NotApplicable('no answer came to its end')
}
