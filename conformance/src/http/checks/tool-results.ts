import { callsOf, calling, named, tools, type Call } from '../called.ts'
import type { Fields } from '../capabilities.ts'
import { declared, type Check, type CheckContext } from '../check.ts'
import { CheckFailure } from '../found.ts'
import { chat, chatStream, contentOf, say } from '../questions.ts'

/** Of other makers, and of the longest form that is usual. */
const foreign = ['call_0123456789abcdefABCDEFGH', 'chatcmpl-tool-3f2a9c1d', 'D681PevKs', 'functions.weather:0', '7']

export const toolResults: readonly Check[] = [
  {
    number: 59,
    part: 'a',
    title: 'calls and their results go back in, whatever form the ids have, and are read',
    requires: ['tools'],
    async run(context) {
      const [given] = callsOf((await chat(context, calling(named('weather')))).get('choices[0]'))
      for (const id of [given?.id ?? 'call_1', ...foreign]) {
        const call = { id, name: 'weather', arguments: '{"city":"Paris","days":1}' }
        await mustBeRead(context, [call])
        await mustBeRead(context, [call, { ...call, id: `${id}x`, name: 'paint', arguments: '{"colour":"red"}' }])
      }
    },
  },
  {
    number: 59,
    part: 'b',
    title: 'ids are of the form that is declared, and each is of one call alone',
    requires: ['tools', 'toolCallId'],
    async run(context) {
      const form = declared(context, 'toolCallId')
      const fields = calling(named('paint'))
      const ids: string[] = []
      for (let i = 0; i < 2; i++) {
        ids.push(...callsOf((await chat(context, fields)).get('choices[0]')).map(({ id }) => id))
        for (const part of (await chatStream(context, fields)).choices()[0]!.parts) {
          const id = part.get('delta.tool_calls[0].id')
          if (!id.absent) ids.push(id.string())
        }
      }
      const wrong = ids.filter((id) => !form.test(id))
      if (wrong.length > 0) throw new CheckFailure('ids', `the form ${form}`, wrong)
      if (new Set(ids).size < ids.length) throw new CheckFailure('ids', 'each of one call', ids)
    },
  },
]

/** A conversation in which the calls were made and answered; the longer the results, the more there is to read. */
async function mustBeRead(context: CheckContext, calls: readonly Call[]): Promise<void> {
  const read = async (content: string) => {
    const reply = await chat(context, { ...conversation(calls, content), max_tokens: 2 })
    contentOf(reply)
    return reply.get('usage.prompt_tokens')
  }
  const [short, long] = [await read('sunny'), await read('sunny '.repeat(10))]
  const more = 9 * calls.length
  long.must(long.count() >= short.count() + more, `at least ${more} more than ${short.count()}`)
}

function conversation(calls: readonly Call[], content: string): Fields {
  const tool_calls = calls.map(({ id, ...rest }) => ({ id, type: 'function', function: rest }))
  const results = calls.map(({ id }) => ({ role: 'tool', tool_call_id: id, content }))
  const { messages } = say('How is it?')
  return {
    tools,
    tool_choice: 'none',
    messages: [...(messages as Fields[]), { role: 'assistant', content: null, tool_calls }, ...results],
  }
}
