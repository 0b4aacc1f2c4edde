import type { Case } from './parameter-case.fixture.ts'

const tool = (fields: object) => ({ type: 'function', function: { name: 'f', ...fields } })
const call = (id: unknown, fields: object = {}) => ({
  ...{ id, type: 'function' },
  function: { name: 'f', arguments: '{}', ...fields },
})
const parameters = { type: 'object' }

export const toolCases: Readonly<Record<string, Case>> = {
  tools: {
    taken: [
      [[tool({})], { tools: [{ name: 'f' }], choice: 'auto', parallel: true }],
      [
        [tool({ description: 'd', parameters, strict: true }), tool({ name: 'a-B_9', strict: null, parameters: null })],
        { tools: [{ name: 'f', description: 'd', parameters }, { name: 'a-B_9' }], choice: 'auto', parallel: true },
      ],
      [[], null],
      [null, null],
      [undefined, null],
    ],
    beyond: [
      ...[5, 'x', {}, [{}], [5], [null], [{ type: 'function' }], [{ function: { name: 'f' } }]],
      ...[{ type: 'custom', custom: { name: 'f' } }, { type: 'retrieval' }].map((other) => [other]),
      ...['', 'a b', 'é', 'x'.repeat(65), 'x'.repeat(10_000), 5, null].map((name) => [tool({ name })]),
      ...[[], 'x', 5, true].map((parameters) => [tool({ parameters })]),
      [tool({ strict: 'yes' })],
      [tool({ description: 5 })],
      [tool({}), tool({})],
      Array.from({ length: 129 }, (_, i) => tool({ name: `f${i}` })),
    ],
    read: (r) => r.tools,
  },
  tool_choice: {
    taken: [
      ['none', 'none'],
      ['auto', 'auto'],
      ['required', 'required'],
      [{ type: 'function', function: { name: 'f' } }, { name: 'f' }],
      [null, 'auto'],
      [undefined, 'auto'],
    ],
    beyond: [
      ...['any', '', 5, true, [], {}, { type: 'function' }, { type: 'function', function: {} }],
      { type: 'function', function: { name: 'g' } },
      { type: 'function', name: 'f' },
      { type: 'allowed_tools', allowed_tools: { mode: 'auto', tools: [] } },
      { type: 'custom', custom: { name: 'f' } },
    ],
    beside: { tools: [tool({})] },
    read: (r) => r.tools?.choice,
  },
  parallel_tool_calls: {
    taken: [
      [true, true],
      [false, false],
      [null, true],
      [undefined, true],
    ],
    beyond: ['true', 0, 1, [], {}],
    beside: { tools: [tool({})] },
    read: (r) => r.tools?.parallel,
  },
  'messages[].tool_calls': {
    taken: [[[]], [null], [[call('abc')]], [[call('a'), call('b', { arguments: ' {"a": [1.0]} ' })]]],
    beyond: [
      ...[5, 'x', {}, [{}], [null]],
      ...[call(''), call('x'.repeat(257)), call(5), call(undefined), { ...call('a'), type: 'custom' }].map((one) => [
        one,
      ]),
      ...['', 'a b', 'x'.repeat(10_000)].map((name) => [call('a', { name })]),
      ...[
        '',
        '{',
        '[]',
        '5',
        'null',
        '"{}"',
        '{"a":1,"a":2}',
        '{"__proto__":1}',
        `{"a":${'['.repeat(200)}${']'.repeat(200)}}`,
      ].map((text) => [call('a', { arguments: text })]),
      [call('a', { arguments: {} })],
      [call('a'), call('a')],
    ],
  },
  'messages[].tool_call_id': {
    taken: [['abc']],
    beyond: ['abd', '', 5, null, undefined, 'x'.repeat(257)],
  },
}
