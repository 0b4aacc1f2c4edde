import type { Fields } from '../capabilities.ts'
import { declared, type Check, type CheckContext } from '../check.ts'
import { CheckFailure } from '../found.ts'
import { askChat, chatText } from '../questions.ts'
import { record } from '../schemas/schema.ts'
import { schemaFields } from '../structured.ts'
import { mustBeError } from './error-body.ts'
import { mustLive } from './must-live.ts'

/** Milliseconds in which a schema is refused or answered, whatever it is. */
const patience = 5000

/** As many times. */
const nested = (schema: Fields, depth: number, wrap: (inner: Fields) => Fields): Fields =>
  Array.from({ length: depth }).reduce<Fields>(wrap, schema)

const none = [undefined, null, 5, 'object', [], [{}], [true]]

const malformed: readonly Fields[] = [
  { type: 'strin' },
  { type: 5 },
  { type: [] },
  { type: 'string', minLength: '3' },
  { type: 'string', minLength: -1 },
  { type: 'string', pattern: '(' },
  { type: 'string', pattern: 5 },
  { type: 'number', multipleOf: 0 },
  { type: 'number', minimum: '1' },
  { type: 'object', required: 'a' },
  { type: 'object', required: [1] },
  { type: 'object', properties: [] },
  { type: 'object', properties: { a: 5 } },
  { type: 'array', items: 'string' },
  { enum: 'a' },
  { anyOf: [] },
  { anyOf: {} },
  { $ref: 5 },
  { $ref: '#/$defs/there-is-none' },
]

const contradictions: readonly Fields[] = [
  { type: 'integer', minimum: 5, maximum: 3 },
  { type: 'string', minLength: 4, maxLength: 2 },
  { type: 'array', items: { type: 'null' }, minItems: 3, maxItems: 1 },
  { type: 'string', enum: [1, 2] },
  { allOf: [{ type: 'string' }, { type: 'null' }] },
  { type: 'object', properties: { a: false }, required: ['a'] },
  { type: 'integer', exclusiveMinimum: 1, exclusiveMaximum: 2 },
]

const circular: readonly Fields[] = [
  { $ref: '#' },
  { $ref: '#/$defs/a', $defs: { a: { $ref: '#/$defs/b' }, b: { $ref: '#/$defs/a' } } },
  { $ref: '#/$defs/a', $defs: { a: record({ next: { $ref: '#/$defs/a' } }) } },
]

/** d0 has two documents, each of the others more than the square of the one before. */
const doubling = (depth: number): Fields =>
  Object.fromEntries(
    Array.from({ length: depth + 1 }, (_, i) => {
      const a = i === 0 ? { enum: [1, 2] } : { $ref: `#/$defs/d${i - 1}` }
      return [`d${i}`, { anyOf: [record({ a }), record({ a, b: a })] }]
    }),
  )

const bombs: readonly (() => Fields)[] = [
  () => nested({ type: 'null' }, 500, (a) => record({ a })),
  () => nested({ type: 'null' }, 500, (items) => ({ type: 'array', items })),
  () => nested({ type: 'null' }, 3000, (items) => ({ items })),
  () => record({ a: { enum: Array.from({ length: 100_000 }, (_, i) => `n${i}`) } }),
  () => record({ a: { type: 'string', pattern: `^${'(a|a)*'.repeat(40)}$` } }),
  () => record({ a: { type: 'string', pattern: `^${'('.repeat(200)}a${')*'.repeat(200)}$` } }),
  () => record({ a: { type: 'string', pattern: '^((a{1,100}){1,100}){1,100}$' } }),
  () => record({ a: { type: 'string', pattern: '[ab].{30}$' } }),
  () => record({ a: { type: 'string', minLength: 1e9, maxLength: 1e9 } }),
  () => record({ a: { type: 'array', items: { type: 'null' }, minItems: 1e6 } }),
  () => ({ allOf: Array.from({ length: 30 }, (_, i) => ({ anyOf: [{ minimum: i }, { multipleOf: i + 2 }] })) }),
  () => record({ a: { type: 'number', multipleOf: 1e-300, maximum: 1e300 } }),
  () => record({ a: { $ref: '#/$defs/d25' } }, { $defs: doubling(25) }),
]

const regexes = ['(', ')', '[', '[z-a]', 'a{2,1}', '*', '(?<n', '\\', '(?=a)', '(a)\\1']
const grammars = [
  'root',
  'root ::= "a',
  'root ::= there-is-none',
  'a ::= "b"',
  'root ::= root',
  'root ::= [z-a]',
  'root ::= ("a"',
]

export const badSchemas: readonly Check[] = [
  {
    number: 52,
    part: 'a',
    title: 'schemas that are none are refused',
    requires: ['jsonSchema'],
    async run(context) {
      for (const schema of [...none, ...malformed]) await mustRefuse(context, schemaFields(schema))
      for (const schema of malformed) await mustRefuse(context, schemaFields(record({ a: schema })))
      for (const response_format of ['json_object', [], {}, { type: 'there-is-none' }, { type: 'json_schema' }]) {
        await mustRefuse(context, { response_format })
      }
      await mustLive(context)
    },
  },
  {
    number: 52,
    part: 'b',
    title: 'schemas that nothing satisfies, or that only refer to themselves, are refused',
    requires: ['jsonSchema'],
    async run(context) {
      for (const schema of contradictions) {
        await mustRefuse(context, schemaFields(schema))
        await mustRefuse(context, schemaFields(record({ a: schema })))
      }
      for (const schema of circular) await mustRefuse(context, schemaFields(schema))
      await mustLive(context)
    },
  },
  {
    number: 52,
    part: 'c',
    title: 'schemas that grow without bound are refused or answered in seconds',
    requires: ['jsonSchema'],
    async run(context) {
      for (const [i, bomb] of bombs.entries()) {
        const start = performance.now()
        const reply = await askChat(context, { ...schemaFields(bomb()), max_tokens: 1 })
        if (reply.status !== 200) mustBeError(reply.mustBe(400, 413, 422))
        await mustLive(context)
        const spent = Math.round(performance.now() - start)
        if (spent > patience) throw new CheckFailure(`${reply.where} of bomb ${i}`, `an end in ${patience} ms`, spent)
      }
    },
  },
  {
    number: 52,
    part: 'd',
    title: 'a regular expression is matched by the whole answer, and one that is none is refused',
    requires: ['regex'],
    async run(context) {
      const fields = declared(context, 'regex')
      for (const [pattern, right] of [
        ['(?:yes|no), [0-9]{2}!', /^(?:yes|no), [0-9]{2}!$/],
        ['a|bc?', /^(?:a|bc?)$/],
        ['[α-ω]{3}', /^[α-ω]{3}$/],
      ] as const) {
        await mustMatch(context, fields(pattern), right)
      }
      for (const pattern of regexes) await mustRefuse(context, fields(pattern))
      await mustLive(context)
    },
  },
  {
    number: 52,
    part: 'e',
    title: 'a grammar derives the whole answer, and one that is none is refused',
    requires: ['grammar'],
    async run(context) {
      const fields = declared(context, 'grammar')
      await mustMatch(context, fields('root ::= "a" | "b" [0-9] end\nend ::= "." | "!"'), /^(?:a|b[0-9][.!])$/)
      await mustMatch(context, fields('root ::= "<" inner ">"\ninner ::= "x" | "yz"'), /^<(?:x|yz)>$/)
      for (const text of grammars) await mustRefuse(context, fields(text))
      await mustLive(context)
    },
  },
]

async function mustMatch(context: CheckContext, fields: Fields, right: RegExp): Promise<void> {
  const text = await chatText(context, { ...fields, max_tokens: 32 })
  if (!right.test(text)) throw new CheckFailure('the answer', `what matches ${right}`, text)
}

async function mustRefuse(context: CheckContext, fields: Fields): Promise<void> {
  const reply = await askChat(context, fields)
  const what = JSON.stringify(fields).slice(0, 300)
  if (reply.status !== 400 && reply.status !== 422)
    throw new CheckFailure(`${reply.where} of ${what} status`, '400 or 422', reply.status)
  mustBeError(reply)
}
