import type { Fields } from '../capabilities.ts'
import { declared, type Check, type CheckContext } from '../check.ts'
import { encoderOf } from '../encoder.ts'
import { CheckFailure, Found } from '../found.ts'
import { isJsonBeginning } from '../json-beginning.ts'
import { askChat, chat, chatStream, contentOf } from '../questions.ts'
import { record } from '../schemas/schema.ts'
import { chance, isObject, jsonObject, mustBeDocument, schemaFields } from '../structured.ts'
import { mustRefuseByName } from './error-body.ts'

/** Of white space between two marks of a document: no answer is to be made of it. */
const longestSpace = 64

const words = { enum: ['the first of three', 'the second', 'the third and last'] }
const long = schemaFields(record({ one: words, two: words, three: words }))

export const jsonAnswers: readonly Check[] = [
  {
    number: 49,
    part: 'a',
    title: 'json_object gives a JSON object, streamed or not',
    requires: ['jsonObject'],
    async run(context) {
      for (const seed of [1, 2]) {
        const fields = { ...jsonObject, ...chance(context, seed), max_tokens: 32 }
        const [reply, stream] = [await chat(context, fields), await chatStream(context, fields)]
        mustBeDocument(reply.get('choices[0]'), isObject, 'a JSON object')
        const { text, finishReasons } = stream.choices()[0]!
        const choice = { message: { content: text }, finish_reason: finishReasons[0] }
        mustBeDocument(new Found(stream.where, choice), isObject, 'a JSON object')
      }
    },
  },
  {
    number: 49,
    part: 'b',
    title: 'each of several choices is a JSON object of its own',
    requires: ['jsonObject', 'choices'],
    async run(context) {
      const n = Math.min(4, declared(context, 'choices'))
      const choices = (await chat(context, { ...jsonObject, ...chance(context, 1), max_tokens: 32, n })).get('choices')
      choices.must(choices.list().length === n, `${n} choices`)
      for (const choice of choices.list()) mustBeDocument(choice, isObject, 'a JSON object')
    },
  },
  {
    number: 53,
    part: 'a',
    title: 'what is cut off says length, and is the beginning of a document',
    requires: ['jsonSchema'],
    async run(context) {
      for (const max_tokens of [1, 2, 3, 5, 8]) {
        const choice = (await chat(context, { ...long, max_tokens })).get('choices[0]')
        choice.get('finish_reason').is('length')
        const content = contentOf(new Found(choice.where, { choices: [choice.value] }))
        if (!isJsonBeginning(content)) throw new CheckFailure(choice.where, 'the beginning of JSON', content)
      }
    },
  },
  {
    number: 53,
    part: 'b',
    title: 'a stop string is refused by name, or leaves no broken document that claims to be whole',
    requires: ['jsonSchema'],
    async run(context) {
      for (const stop of ['r', ' second', [':', 'e']]) {
        const reply = await askChat(context, { ...long, stop, max_tokens: 200 })
        if (reply.status === 200) mustBeDocument(reply.json().get('choices[0]'), isObject, 'a whole document')
        else mustRefuseByName(reply, 'stop')
      }
    },
  },
  {
    number: 54,
    title: `no more than ${longestSpace} characters of white space stand in a row, and none around an answer`,
    requires: ['jsonSchema', 'logitBias', 'encoder'],
    async run(context) {
      for (const fields of [long, jsonObject]) {
        const choice = (await chat(context, { ...fields, ...(await spaces(context)), max_tokens: 300 })).get(
          'choices[0]',
        )
        const content = choice.get('message.content')
        const runs = outsideStrings(content.string()).match(/\s+/g) ?? []
        content.must(
          runs.every(({ length }) => length <= longestSpace),
          `${longestSpace} characters of space at most`,
        )
        content.must(content.string().trim() === content.value, 'no space around it')
      }
    },
  },
]

/** White space is what the model would write, wherever it may. */
async function spaces(context: CheckContext): Promise<Fields> {
  const tokens = await Promise.all([' ', '\n', '\t', '\r'].map((text) => encoderOf(context).encode(text)))
  const single = tokens.filter(({ length }) => length === 1).map(([token]) => [token!, 100] as const)
  return { logit_bias: Object.fromEntries(single) }
}

function outsideStrings(json: string): string {
  return json.replaceAll(/"(?:[^"\\]|\\[\s\S])*(?:"|$)/g, '""')
}
