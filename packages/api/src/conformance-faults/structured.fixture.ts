import {
  chunks,
  dies,
  faultsOf,
  instead,
  partsOf,
  questions,
  refusal,
  replies,
  says,
  takesAnything,
  without,
  type Fault,
  type Handler,
  type Json,
} from './fault.fixture.ts'

/** Changes all contents of plain replies. */
const contents = (change: (text: string) => unknown) =>
  replies((json) => {
    for (const { message } of (json.choices ?? []) as Json[])
      if (message) message.content = change(message.content ?? '')
  })

/** Changes the last choice of plain replies. */
const lastChoice = (change: (choice: Json, body: Json) => void) =>
  replies((json, body) => {
    if (json.choices) change(json.choices.at(-1), body)
  })

const schemaOf = (body: Json): Json => body?.response_format?.json_schema

/** Changes the schema that is asked for. */
const schemas = (change: (schema: Json) => Json) =>
  questions((body) => {
    const asked = schemaOf(body)
    if (asked) asked.schema = change(asked.schema)
  })

/** Without a keyword, wherever it stands. */
const unheard = (keyword: string) =>
  schemas((schema) => JSON.parse(JSON.stringify(schema), (key, value: Json) => (key === keyword ? undefined : value)))

const anyJson = questions((body) => {
  if (schemaOf(body)) body.response_format = { type: 'json_object' }
})

/** The right server's answer, cut at a stop string that it knows nothing of. */
const cutsAnything =
  (right: Handler): Handler =>
  (request) =>
    replies((json, body) => {
      const stop = [body?.stop ?? []].flat() as string[]
      for (const choice of json.choices as Json[]) {
        const at = stop.map((one) => choice.message.content.indexOf(one) as number).find((found) => found >= 0)
        if (at !== undefined)
          Object.assign(choice, { message: { content: choice.message.content.slice(0, at) }, finish_reason: 'stop' })
      }
    })(without('stop')(right))(request)

const unnamed = says((error) => Object.assign(error, { message: 'this will not do', param: null }))
const refusesSchemas = instead((_, body) => (schemaOf(body) ? refusal(400, null, 'no schemas') : undefined))

/** Answers that are not what was asked for, and wrong refusals of what cannot be. */
export const structuredFaults: readonly Fault[] = [
  ...faultsOf(
    '49a',
    ['any text', without('response_format'), /a JSON object/],
    ['a fence', contents((text) => `\`\`\`json\n${text}\n\`\`\``), /a JSON object/],
    ['a list', contents(() => '[]'), /a JSON object/],
    [
      'null',
      lastChoice((choice) => Object.assign(choice, { message: { content: null }, finish_reason: 'stop' })),
      /a string/,
    ],
    ['another reason', lastChoice((choice) => void (choice.finish_reason = 'eos')), /stop or length/],
    [
      'streams of any text',
      chunks((list) => partsOf(list).forEach((part) => part.delta.content && (part.delta.content += '\u0001'))),
      /a JSON object/,
    ],
  ),
  ...faultsOf(
    '49b',
    ['the last is any text', lastChoice((choice) => void (choice.message.content = 'Yes.')), /a JSON object/],
    ['one choice', questions((body) => body.n && (body.n = 1)), /4 choices/],
  ),
  ...faultsOf(
    '50a',
    ['any JSON', anyJson, /a document of/],
    ['no references', unheard('$ref'), /a document of/],
    ['no enums', unheard('enum'), /a document of/],
    ['schemas are refused', refusesSchemas, /status: expected 200/],
    [
      'what is cut claims to be whole',
      (right) =>
        lastChoice((choice) => void (choice.finish_reason = 'stop'))(
          questions((body) => void (body.max_tokens = 4))(right),
        ),
      /a document of/,
    ],
  ),
  ...faultsOf(
    '50b',
    ['any JSON', anyJson, /a document of/],
    ['no patterns', unheard('pattern'), /a document of/],
    ['no formats', unheard('format'), /a document of/],
    ['no bounds', unheard('maximum'), /a document of/],
    ['most are refused', refusesSchemas, /half of them/],
    ['it dies', instead((_, body) => (schemaOf(body) ? refusal(500) : undefined)), /400 or 422/],
  ),
  ...faultsOf(
    '51a',
    ...['uniqueItems', 'contains', 'not', 'oneOf', 'pattern', 'dependentSchemas', 'unevaluatedProperties'].map(
      (keyword) => [`${keyword} is not heard`, unheard(keyword), new RegExp(`a document of \\W*${keyword}`)] as const,
    ),
    [
      'what is refused is not named',
      instead((_, body) => (JSON.stringify(schemaOf(body) ?? null).includes('"not"') ? refusal(400) : undefined)),
      /not to be named/,
    ],
  ),
  ...faultsOf(
    '51b',
    ...['format', '$ref', 'pattern'].map(
      (keyword) => [`${keyword} is not heard`, unheard(keyword), /400 or 422/] as const,
    ),
    ['what is refused is not named', unnamed, /to be named/],
  ),
  ...faultsOf(
    '52a',
    ['everything is taken', takesAnything, /status: expected/],
    ['it dies', dies, /status: expected/],
    ['what is no schema is any', schemas((schema) => (typeof schema === 'object' ? schema : {})), /status: expected/],
    ['wrong bounds are none', unheard('minLength'), /status: expected/],
  ),
  ...faultsOf(
    '52b',
    ['everything is taken', takesAnything, /status: expected/],
    ['bounds are put right', unheard('maxItems'), /status: expected/],
    ['circles are any', unheard('$ref'), /status: expected/],
  ),
  ...faultsOf('52c', ['it dies', dies, /400 or 413 or 422/]),
  ...faultsOf(
    '52d',
    ['a part matches', contents((text) => `${text} `), /what matches/],
    ['any text', without('response_format'), /what matches/],
    ['everything is taken', takesAnything, /what matches|status: expected/],
    ['it dies', dies, /status: expected/],
  ),
  ...faultsOf(
    '52e',
    ['a part matches', contents((text) => `${text} `), /what matches/],
    ['any text', without('response_format'), /what matches/],
    ['everything is taken', takesAnything, /what matches|status: expected/],
    ['it dies', dies, /status: expected/],
  ),
  ...faultsOf(
    '53a',
    [
      'it claims to be whole',
      lastChoice((choice) => void (choice.finish_reason = 'stop')),
      /finish_reason: expected "length"/,
    ],
    ['it is closed', contents((text) => `${text}\u0001`), /the beginning of JSON/],
    ['it goes on', questions((body) => void (body.max_tokens += 200)), /finish_reason: expected "length"/],
  ),
  ...faultsOf(
    '53b',
    ['a stop string cuts', cutsAnything, /a whole document/],
    ['what is refused is not named', unnamed, /stop to be named/],
  ),
  ...faultsOf(
    '54',
    ['space without end', contents((text) => text.replace(':', `:${' '.repeat(65)}`)), /characters of space/],
    ['space in front', contents((text) => ` ${text}`), /no space around/],
  ),
]
