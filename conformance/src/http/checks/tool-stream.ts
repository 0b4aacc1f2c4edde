import { callsOf, calling, named } from '../called.ts'
import type { Fields } from '../capabilities.ts'
import type { Check, CheckContext } from '../check.ts'
import { CheckFailure, type Found } from '../found.ts'
import { chat, chatStream } from '../questions.ts'
import { chance } from '../structured.ts'
import type { StreamedChoice } from '../streamed.ts'

export const toolStream: readonly Check[] = [
  {
    number: 58,
    part: 'a',
    title: 'a streamed call has its id and name once, and arguments that add up to the plain reply’s',
    requires: ['tools', 'seed'],
    async run(context) {
      await mustAgree(context, calling(named('paint')))
      await mustAgree(context, { ...calling('required'), temperature: 0 })
      for (const seed of [1, 2]) await mustAgree(context, { ...calling('required'), ...chance(context, seed) })
    },
  },
  {
    number: 58,
    part: 'b',
    title: 'each of several choices streams calls of its own',
    requires: ['tools', 'choices', 'seed'],
    async run(context) {
      await mustAgree(context, {
        ...calling('required'),
        ...chance(context, 1),
        n: Math.min(3, context.capabilities.choices ?? 1),
      })
    },
  },
  {
    number: 58,
    part: 'c',
    title: 'arguments come in pieces, as they are written',
    requires: ['tools'],
    async run(context) {
      const { where, choices } = await chatStream(context, calling(named('weather')))
      const pieces = deltasOf(choices()[0]!).filter((delta) => !delta.get('function.arguments').absent)
      const filled = pieces.filter((delta) => delta.get('function.arguments').value !== '')
      if (filled.length < 2) throw new CheckFailure(where, 'arguments in several deltas', filled.length)
    },
  },
]

/** The stream's calls are the plain reply's, but for ids, which are anybody's. */
async function mustAgree(context: CheckContext, fields: Fields): Promise<void> {
  const [reply, stream] = [await chat(context, fields), await chatStream(context, fields)]
  for (const choice of reply.get('choices').list()) {
    const streamed = stream.choices()[choice.get('index').count()]
    if (streamed === undefined) throw new CheckFailure(stream.where, 'as many choices as the plain reply has', 'fewer')
    const expected = callsOf(choice).map(({ name, arguments: args }) => ({ name, arguments: args }))
    choice.get('message.tool_calls').must(JSON.stringify(joined(streamed)) === JSON.stringify(expected), 'as streamed')
    choice.get('finish_reason').is(streamed.finishReasons[0])
    choice.must((choice.get('message.content').value ?? '') === streamed.text, 'the content that was streamed')
  }
}

function deltasOf({ parts }: StreamedChoice): Found[] {
  const lists = parts.map((part) => part.get('delta.tool_calls')).filter(({ absent }) => !absent)
  return lists.flatMap((list) => list.list())
}

/** The calls that deltas add up to. Throws CheckFailure where they do not go on as they have begun. */
function joined(choice: StreamedChoice): { name: string; arguments: string }[] {
  const calls: { name: string; arguments: string }[] = []
  const ids = new Set<string>()
  for (const delta of deltasOf(choice)) {
    const index = delta.get('index').count()
    const args = delta.get('function.arguments')
    if (index === calls.length) calls.push({ name: begun(delta, ids), arguments: '' })
    else mustGoOn(delta, calls.length - 1)
    if (!args.absent) calls[index]!.arguments += args.string()
  }
  return calls
}

function begun(delta: Found, ids: Set<string>): string {
  const id = delta.get('id')
  id.must(id.string() !== '' && !ids.has(id.string()), 'an id of its own')
  ids.add(id.string())
  delta.get('type').is('function')
  return delta.get('function.name').string()
}

function mustGoOn(delta: Found, latest: number): void {
  delta.get('index').is(latest)
  for (const name of ['id', 'function.name']) {
    const field = delta.get(name)
    field.must(field.absent, 'nothing: it came with the first delta')
  }
}
