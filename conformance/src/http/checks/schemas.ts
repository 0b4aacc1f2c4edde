import { declared, type Check, type CheckContext } from '../check.ts'
import { CheckFailure, NotApplicable } from '../found.ts'
import { askChat } from '../questions.ts'
import { furtherSchemas } from '../schemas/further.ts'
import { hardSchemas } from '../schemas/hard.ts'
import { plainSchemas } from '../schemas/plain.ts'
import { record, type Example } from '../schemas/schema.ts'
import { chance, mustBeDocument, schemaFields } from '../structured.ts'
import { mustRefuseByName } from './error-body.ts'

/** Room for all documents of the examples. */
const room = { max_tokens: 120 }

const beyond = [
  ['format', record({ a: { type: 'string', format: 'there-is-no-such-format' } })],
  ['$ref', record({ a: { $ref: 'https://schemas.example/a.json' } })],
  ['pattern', record({ a: { type: 'string', pattern: '^(a+)b\\1$' } })],
] as const

export const schemas: readonly Check[] = [
  {
    number: 50,
    part: 'a',
    title: `an answer is a document of the schema, for ${plainSchemas.length} plain ones`,
    requires: ['jsonSchema', 'validator'],
    async run(context) {
      const ends = await each(context, plainSchemas, (example, seed) => answered(context, example, seed))
      mustEnd(ends)
    },
  },
  {
    number: 50,
    part: 'b',
    title: `an answer is a document of the schema, or that is refused, for ${furtherSchemas.length} further ones`,
    requires: ['jsonSchema', 'validator'],
    async run(context) {
      const ends = await each(context, furtherSchemas, (example, seed) => answered(context, example, seed, true))
      mustEnd(ends)
    },
  },
  {
    number: 51,
    part: 'a',
    title: 'a keyword that is hard to enforce is enforced, or refused by name',
    requires: ['jsonSchema', 'validator'],
    async run(context) {
      await each(context, hardSchemas, async ({ keyword, schema }) => {
        const example = { name: `"${keyword}"`, schema }
        for (const seed of [1, 2, 3]) {
          if ((await answered(context, example, seed, keyword)) === 'refused') break
        }
      })
    },
  },
  {
    number: 51,
    part: 'b',
    title: 'an unknown format, a schema elsewhere and a back-reference are refused by name',
    requires: ['jsonSchema'],
    async run(context) {
      for (const [keyword, schema] of beyond) {
        const reply = await askChat(context, schemaFields(schema))
        mustRefuseByName(reply, keyword)
      }
    },
  },
]

type End = 'whole' | 'cut' | 'refused'

/**
 * Asks for a document and holds it against its schema. Refused it may be only where `refusable` says so, which may name what has
 * to be named then.
 */
async function answered(
  context: CheckContext,
  { name, schema }: Example,
  seed: number,
  refusable: string | boolean = false,
): Promise<End> {
  const reply = await askChat(context, { ...schemaFields(schema), ...chance(context, seed), ...room })
  if (refusable !== false && reply.status !== 200) {
    mustRefuseByName(reply, typeof refusable === 'string' ? refusable : '')
    return 'refused'
  }
  const choice = reply.mustBe(200).json().get('choices[0]')
  return mustBeDocument(choice, declared(context, 'validator')(schema), `a document of ${name}`) ? 'whole' : 'cut'
}

/** Beginnings alone would show little. */
function mustEnd(ends: readonly End[]): void {
  const count = (end: End) => ends.filter((one) => one === end).length
  if (count('refused') > ends.length / 2)
    throw new CheckFailure('schemas', 'half of them to be taken', `${count('refused')} refused`)
  if (count('whole') < ends.length / 4)
    throw new NotApplicable(`only ${count('whole')} of ${ends.length} answers came to an end`)
}

/** As many at once as the server says that it answers; results are in the order of the items. */
async function each<T, R>(
  { capabilities }: CheckContext,
  items: readonly T[],
  run: (item: T, i: number) => Promise<R>,
): Promise<R[]> {
  const waiting = [...items.entries()]
  const results: R[] = []
  const work = async () => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      results[next[0]] = await run(next[1], next[0])
    }
  }
  await Promise.all(Array.from({ length: capabilities.concurrency ?? 1 }, work))
  return results
}
