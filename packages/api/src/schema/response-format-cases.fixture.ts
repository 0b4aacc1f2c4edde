import type { Case } from './parameter-case.fixture.ts'

export const responseFormat: Case = {
  taken: [
    [null, null],
    [{ type: 'text' }, null],
    [{ type: 'json_object' }, { type: 'json_object' }],
    [
      { type: 'json_object', schema: { type: 'object' } },
      { type: 'json_schema', schema: { type: 'object' } },
    ],
    [
      { type: 'json_schema', json_schema: { schema: true } },
      { type: 'json_schema', schema: true },
    ],
    [
      { type: 'json_schema', json_schema: { name: 'a-B_9', strict: true, schema: { $ref: '#' } } },
      { type: 'json_schema', schema: { $ref: '#' } },
    ],
    [
      { type: 'json_schema', json_schema: { name: 'x', strict: false, description: 'd', schema: {} } },
      { type: 'json_schema', schema: {} },
    ],
    [
      { type: 'regex', regex: 'a|b' },
      { type: 'regex', regex: 'a|b' },
    ],
    [
      { type: 'grammar', grammar: 'root ::= "a"' },
      { type: 'grammar', grammar: 'root ::= "a"' },
    ],
  ],
  beyond: [
    ...[{}, 'text', [], 5, { type: 'xml' }, { type: 'regex' }, { type: 'grammar' }, { type: 'regex', regex: '' }],
    ...[
      { type: 'regex', regex: 5 },
      { type: 'grammar', grammar: ['x'] },
      { type: 'json_object', schema: [] },
    ],
    ...[
      undefined,
      {},
      { schema: 'x' },
      { schema: null },
      { name: 'a b', schema: {} },
      { strict: 'yes', schema: {} },
    ].map((json_schema) => ({ type: 'json_schema', json_schema })),
    { type: 'json_schema', json_schema: { name: 'x'.repeat(10_000), schema: {} } },
  ],
  read: (r) => r.format,
}
