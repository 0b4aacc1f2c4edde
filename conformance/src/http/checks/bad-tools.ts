import { calling, named, tool, tools } from '../called.ts'
import type { Fields } from '../capabilities.ts'
import type { Check } from '../check.ts'
import { CheckFailure } from '../found.ts'
import { askChat } from '../questions.ts'
import { mustBeError, mustRefuseByName } from './error-body.ts'
import { mustLive } from './must-live.ts'

const object = { type: 'object', properties: {} }
const nothing = tool('nothing', object)

export const badTools: readonly Check[] = [
  {
    number: 56,
    part: 'a',
    title: 'a tool_choice that does not fit the tools is refused by name',
    requires: ['tools'],
    async run(context) {
      const choices = [
        'sometimes',
        '',
        5,
        true,
        [],
        {},
        { type: 'function' },
        { type: 'tool', function: { name: 'weather' } },
      ]
      for (const choice of [...choices, named('there-is-none'), named(''), named('Weather')]) {
        mustRefuseByName(await askChat(context, calling(choice)), 'tool_choice')
      }
      for (const tool_choice of ['required', 'auto', named('weather')]) {
        for (const none of [undefined, []])
          mustRefuseByName(await askChat(context, { tool_choice, tools: none }), 'tool_choice')
      }
      await mustLive(context)
    },
  },
  {
    number: 56,
    part: 'b',
    title: 'tools that are none, of one name, or with names that are none, are refused by name',
    requires: ['tools'],
    async run(context) {
      const names = ['', 'a b', 'ü', 'a.b\u0000', 'a'.repeat(10_000)].map((name) => [tool(name, object)])
      const none = [
        {},
        'weather',
        [5],
        [null],
        [{}],
        [{ type: 'function' }],
        [{ type: 'there-is-none', function: nothing.function }],
      ]
      for (const wrong of [...none, ...names, [...tools, tools[0]], [nothing, nothing]]) {
        mustRefuseByName(await askChat(context, { tools: wrong }), 'tools')
      }
      await mustLive(context)
    },
  },
  {
    number: 56,
    part: 'c',
    title: 'parameters that are no schema, or that nothing satisfies, are refused by name',
    requires: ['tools'],
    async run(context) {
      const wrong: readonly unknown[] = [
        5,
        'object',
        [],
        { type: 'strin' },
        { ...object, required: 'a' },
        { ...object, properties: { a: { type: 'integer', minimum: 5, maximum: 3 } }, required: ['a'] },
        { ...object, properties: { a: { $ref: '#/properties/a' } }, required: ['a'] },
        { type: 'string' },
      ]
      for (const parameters of wrong) {
        const second = tool('second', parameters as Fields)
        mustRefuseByName(await askChat(context, { tools: [nothing, second], tool_choice: 'required' }), 'tools')
      }
      await mustLive(context)
    },
  },
  {
    number: 59,
    part: 'c',
    title: 'results without a call, calls without a result and arguments that are no JSON are refused',
    requires: ['tools'],
    async run(context) {
      for (const messages of wrongTurns) {
        const reply = await askChat(context, { messages, tools })
        const what = JSON.stringify(messages).slice(0, 300)
        if (reply.status !== 400 && reply.status !== 422)
          throw new CheckFailure(`${reply.where} of ${what} status`, '400 or 422', reply.status)
        mustBeError(reply)
      }
      await mustLive(context)
    },
  },
]

const user = { role: 'user', content: 'Hi' }
const call = (id: unknown, more: Fields = {}) => ({
  id,
  type: 'function',
  function: { name: 'weather', arguments: '{"city":"Paris","days":1}', ...more },
})
const calls = (...tool_calls: unknown[]) => ({ role: 'assistant', content: null, tool_calls })
const result = (tool_call_id: unknown, content: unknown = 'sunny') => ({ role: 'tool', tool_call_id, content })

const wrongTurns: readonly unknown[][] = [
  [user, result('call_1')],
  [user, { role: 'assistant', content: 'Yes.' }, result('call_1')],
  [user, calls(call('call_1')), result('call_2')],
  [user, calls(call('call_1')), result('call_1'), result('call_1')],
  [user, calls(call('call_1')), { role: 'tool', content: 'sunny' }],
  [user, calls(call('call_1')), result(5)],
  [user, calls(call('call_1')), result('call_1', { a: 1 })],
  [user, calls(call('call_1')), user],
  [user, calls(call('call_1'), call('call_2')), result('call_1'), user],
  [user, calls(call('call_1'), call('call_1')), result('call_1'), result('call_1')],
  ...['{', 'sunny', '[]', '1', '', '{"a":1}x', { a: 1 }, null].map((wrong) => [
    user,
    calls(call('call_1', { arguments: wrong })),
    result('call_1'),
  ]),
  [user, calls(call('')), result('')],
  [user, calls(call(7)), result(7)],
  [user, calls(call('call_1', { name: 5 })), result('call_1')],
  [user, calls(call('call_1', { name: 'n'.repeat(10_000) })), result('call_1')],
  [user, { role: 'assistant', content: null, tool_calls: {} }],
  [user, calls({ id: 'call_1', type: 'function' }), result('call_1')],
]
