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
  type Json,
} from './fault.fixture.ts'

/** Changes the first choice of plain replies. */
const choices = (change: (choice: Json) => void) =>
  replies((json) => {
    if (json.choices) change(json.choices[0])
  })

/** Changes the first call of plain replies. */
const calls = (change: (call: Json) => unknown) =>
  choices(({ message }) => {
    if (message?.tool_calls) change(message.tool_calls[0])
  })

/** Changes the tool_choice that is asked for. */
const chosen = (change: (choice: Json) => Json) =>
  questions((body) => {
    if (body.tools) body.tool_choice = change(body.tool_choice)
  })

/** The parts of a stream that have calls, changed one after the other. */
const deltas = (change: (delta: Json, i: number, part: Json) => unknown) =>
  chunks((list) => {
    const parts = partsOf(list).filter((part) => part.delta?.tool_calls)
    parts.forEach((part, i) => part.delta.tool_calls.forEach((delta: Json) => change(delta, i, part)))
  })

const toolMessages = (change: (message: Json) => void) =>
  questions((body) => {
    for (const message of (Array.isArray(body.messages) ? body.messages : []) as Json[])
      if (message?.role === 'tool') change(message)
  })

const unnamed = says((error) => Object.assign(error, { message: 'this will not do', param: null }))
const refusals = [
  ['everything is taken', takesAnything, /status: expected/],
  ['it dies', dies, /status: expected/],
] as const
const unnamedToo = ['what is refused is not named', unnamed, /to be named/] as const

/** Wrong calls, wrong streams of calls, wrong refusals. */
export const toolFaults: readonly Fault[] = [
  ...faultsOf(
    '55a',
    ['any text', without('tools', 'tool_choice'), /no text/],
    ['another function', calls((call) => (call.function.name = 'weather2')), /one of weather, paint/],
    ['arguments of nothing', calls((call) => (call.function.arguments = '{}')), /what the parameters/],
    [
      'one argument too many',
      calls((call) => (call.function.arguments = '{"colour":"red","x":1}')),
      /what the parameters/,
    ],
    ['arguments as an object', calls((call) => (call.function.arguments = {})), /a string/],
    ['arguments that are no JSON', calls((call) => (call.function.arguments += '}')), /JSON/],
    ['an empty id', calls((call) => (call.id = '')), /an id/],
    ['stop', choices((choice) => void (choice.finish_reason = 'stop')), /expected "tool_calls"/],
    ['no calls', choices((choice) => void (choice.message.tool_calls = [])), /calls, or no such field/],
  ),
  ...faultsOf(
    '55b',
    ['any function', chosen(() => 'required'), /one call, of/],
    ['the first function', chosen(() => ({ type: 'function', function: { name: 'weather' } })), /one call, of paint/],
    ['another word', choices((choice) => void (choice.finish_reason = 'function_call')), /tool_calls/],
  ),
  ...faultsOf(
    '55c',
    [
      'calls end as texts do',
      (right) =>
        choices((choice) => void (choice.finish_reason = 'stop'))(
          questions((body) => body.tools && Object.assign(body, { tool_choice: 'required', max_tokens: 200 }))(right),
        ),
      /tool_calls with calls alone/,
    ],
    ['no text and no call', choices((choice) => void (choice.message.content = null)), /a string/],
    ['no calls, as a list', choices((choice) => void (choice.message.tool_calls = [])), /calls, or no such field/],
  ),
  ...faultsOf(
    '55d',
    [
      'called all the same',
      (right) =>
        questions(
          (body) => void (body.tool_choice && Object.assign(body, { tool_choice: 'required', max_tokens: 200 })),
        )(right),
      /none/,
    ],
    ['no text', choices((choice) => void (choice.message.content = null)), /a string/],
  ),
  ...faultsOf('55e', ['as many as may be', without('parallel_tool_calls'), /one call/]),
  ...faultsOf('56a', ...refusals, unnamedToo),
  ...faultsOf('56b', ...refusals, unnamedToo),
  ...faultsOf('56c', ...refusals, unnamedToo),
  ...faultsOf(
    '57',
    ['it claims to be whole', choices((choice) => void (choice.finish_reason = 'tool_calls')), /expected "length"/],
    [
      'a call that has not begun',
      choices(({ message }) => {
        message.tool_calls = [{ id: 'a', type: 'function', function: { name: 'weather', arguments: '' } }]
      }),
      /expected none/,
    ],
    ['no calls, as a list', choices((choice) => void (choice.message.tool_calls = [])), /calls, or no such field/],
  ),
  ...faultsOf(
    '58a',
    ['the id again', deltas((delta) => (delta.id = 'abcdefghi')), /nothing: it came|an id of its own/],
    ['the name again', deltas((delta) => (delta.function.name = 'paint')), /nothing: it came/],
    ['no index', deltas((delta) => delete delta.index), /index: expected a number/],
    ['an index that runs on', deltas((delta, i) => (delta.index = i)), /expected|id/],
    ['no type', deltas((delta) => delete delta.type), /expected "function"/],
    [
      'arguments from the beginning each time',
      (right) => {
        return chunks((list) => {
          let whole = ''
          for (const part of partsOf(list))
            for (const delta of (part.delta?.tool_calls ?? []) as Json[]) {
              whole = delta.id ? '' : whole + delta.function.arguments
              delta.function.arguments = whole
            }
        })(right)
      },
      /as streamed/,
    ],
    ['a piece is lost', deltas((delta, i) => i === 2 && (delta.function.arguments = '')), /as streamed/],
    [
      'another finish',
      chunks((list) => partsOf(list).forEach((part) => (part.finish_reason &&= 'stop'))),
      /finish_reason: expected/,
    ],
    ['content too', chunks((list) => void (partsOf(list)[0].delta.content = '[')), /the content that was streamed/],
  ),
  ...faultsOf('58b', [
    'all calls in one choice',
    deltas((_, __, part) => void (part.index = 0)),
    /as streamed|expected|id of its own/,
  ]),
  ...faultsOf('58c', [
    'all at once',
    chunks((list) => {
      const own = partsOf(list).flatMap((part) => (part.delta?.tool_calls ?? []) as Json[])
      const whole = own.map((delta) => delta.function.arguments as string).join('')
      own.forEach((delta, i) => (delta.function.arguments = i === 0 ? whole : ''))
    }),
    /several deltas/,
  ]),
  ...faultsOf(
    '59a',
    [
      'ids of nine characters alone',
      instead((_, body) => {
        const odd = ((body?.messages ?? []) as Json[]).some(({ tool_call_id: id }) => id && !/^\w{9}$/.test(id))
        return odd ? refusal(400) : undefined
      }),
      /status: expected 200/,
    ],
    ['results are not read', toolMessages((message) => void (message.content = '')), /more than/],
  ),
  ...faultsOf(
    '59b',
    ['another form', calls((call) => (call.id = `call_${call.id}`)), /the form/],
    ['one id for all', calls((call) => (call.id = 'abcdefghi')), /each of one call/],
    ['another form in streams', deltas((delta) => delta.id && (delta.id = `call_${delta.id}`)), /the form/],
  ),
  ...faultsOf('59c', ...refusals),
]
