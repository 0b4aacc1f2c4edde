import { gzipSync } from 'node:zlib'
import {
  chunks,
  faultsOf,
  headers,
  partsOf,
  questions,
  replies,
  streams,
  type Fault,
  type Handler,
  type Json,
} from './fault.fixture.ts'

const done = 'data: [DONE]\n\n'
const last = (list: Json[]): Json => list.at(-1)
/** The first choice's last part that says something. */
const lastText = (list: Json[]): Json => partsOf(list).findLast((part) => part.delta?.content)

/** A stream that is kept until it is whole. */
const buffered =
  (change: (bytes: Uint8Array) => Uint8Array, extra: Record<string, string> = {}) =>
  (right: Handler): Handler => {
    return async (request) => {
      const response = await right(request)
      if (!response.headers.get('content-type')?.startsWith('text/event-stream')) return response
      const bytes = change(new Uint8Array(await response.arrayBuffer()))
      const headers = new Headers(response.headers)
      for (const [name, value] of Object.entries(extra)) headers.set(name, value)
      return new Response(bytes as Uint8Array<ArrayBuffer>, { headers })
    }
  }

/** Wrong streams. */
export const streamFaults: readonly Fault[] = [
  ...faultsOf(
    '6',
    ['the id changes', chunks((list) => void (last(list).id += 'x')), /id: expected/],
    ['the time changes', chunks((list) => void last(list).created++), /created: expected/],
  ),
  ...faultsOf('9', [
    'a finish of its own',
    chunks((list) => void partsOf(list).forEach((p) => (p.finish_reason &&= 'eos_token'))),
    /stop or length/,
  ]),
  ...faultsOf('10a', [
    'usage of a stream differs',
    chunks((list) => {
      const { usage } = last(list)
      if (usage) {
        usage.completion_tokens--
        usage.total_tokens--
      }
    }),
    /completion_tokens: expected/,
  ]),
  ...faultsOf(
    '18',
    ['plain text', headers((h) => h.set('content-type', 'text/plain')), /Content-Type/],
    ['may be stored', headers((h) => h.delete('cache-control')), /Cache-Control/],
    ['compressed', buffered((bytes) => gzipSync(bytes), { 'content-encoding': 'gzip' }), /Content-Encoding/],
    ['events as text lines', streams((text) => text.replaceAll('data: ', '')), /to begin with/],
  ),
  ...faultsOf(
    '19',
    [
      'no role',
      chunks((list) => partsOf(list).forEach((part) => delete part.delta.role)),
      /role: expected "assistant"/,
    ],
    [
      'a role of the first choice alone',
      chunks((list) =>
        partsOf(list).forEach((part) => {
          if (part.index > 0) delete part.delta.role
        }),
      ),
      /role: expected "assistant"/,
    ],
    ['another role later', chunks((list) => void (partsOf(list).at(-1).delta.role = 'user')), /or "assistant"/],
  ),
  ...faultsOf(
    '20',
    [
      'the last piece is lost',
      chunks((list) => {
        const part = lastText(list)
        if (part) part.delta.content = ''
      }),
      /as streamed/,
    ],
    [
      'another finish',
      chunks((list) => partsOf(list).forEach((part) => (part.finish_reason &&= 'stop'))),
      /finish_reason: expected/,
    ],
  ),
  ...faultsOf(
    '21',
    ['two', chunks((list) => [...list, last(list)]), /one finish_reason/],
    ['none', chunks((list) => list.slice(0, -1)), /one finish_reason/],
    [
      'text after it',
      chunks((list) => [
        ...list,
        { ...last(list), choices: [{ index: 0, delta: { content: 'x' }, finish_reason: null }] },
      ]),
      /finish_reason: expected a string/,
    ],
  ),
  ...faultsOf(
    '22',
    ['no [DONE]', streams((text) => text.replace(done, '')), /\[DONE\]/],
    ['two [DONE]', streams((text) => text + done), /\[DONE\]/],
    ['a chunk after it', streams((text) => done + text), /\[DONE\]/],
    ['not ended', streams((text) => text.trimEnd()), /\[DONE\]|ended/],
  ),
  ...faultsOf(
    '23a',
    [
      'usage is missing elsewhere',
      chunks((list) => list.slice(0, -1).forEach((chunk) => delete chunk.usage)),
      /usage: expected null/,
    ],
    [
      'usage comes with the finish',
      chunks((list) => {
        const { usage } = list.pop()
        last(list).usage = usage
      }),
      /no choices/,
    ],
    [
      'usage on all',
      chunks((list) => list.forEach((chunk) => (chunk.usage = last(list).usage))),
      /usage: expected null/,
    ],
    ['no usage', questions((body) => void delete body.stream_options), /no choices|total_tokens/],
  ),
  ...faultsOf('23b', [
    'always with usage',
    questions((body) => void (body.stream_options = { include_usage: true })),
    /expected (choices|no usage)/,
  ]),
  ...faultsOf('24', [
    'ignored',
    questions((body) => {
      if (!body.stream) delete body.stream_options
    }),
    /expected 400/,
  ]),
  ...faultsOf(
    '25a',
    [
      'half a character in a stream',
      chunks((list) => void (partsOf(list)[0].delta.content = '\ufffd')),
      /within a character/,
    ],
    [
      'half a character in a reply',
      replies((json) => void (json.choices && (json.choices[0].message.content = '\ufffd'))),
      /within a character/,
    ],
  ),
  ...faultsOf(
    '25b',
    [
      'token by token',
      chunks((list) =>
        partsOf(list).forEach(
          (part) => (part.delta.content = part.delta.content?.replace(/[\u0100-\ufffc]/g, '\ufffd\ufffd')),
        ),
      ),
      /choices of the halves/,
    ],
    ['half a pair', streams((text) => text.replace(/[\u0100-\ufffc]/g, '\\ud83c')), /whole characters/],
  ),
  ...faultsOf('25c', [
    'a mark at the end',
    chunks((list) => void (partsOf(list).at(-1).delta.content = '\ufffd\ufffd')),
    /a beginning of/,
  ]),
  ...faultsOf('25c', [
    'broken UTF-8',
    buffered((bytes) => bytes.map((byte) => (byte === 0x7d ? 0xff : byte))),
    /UTF-8/,
  ]),
  ...faultsOf(
    '26a',
    [
      'it begins to be shown',
      chunks((list, body) => {
        if (body.stop) partsOf(list).at(-1).delta.content = (body.stop as string)[0]
      }),
      /with stop/,
    ],
    [
      'all of it is shown',
      chunks((list, body) => {
        if (body.stop) partsOf(list).at(-1).delta.content = body.stop as string
      }),
      /with stop/,
    ],
    [
      'finish length',
      chunks((list) => partsOf(list).forEach((part) => (part.finish_reason &&= 'length'))),
      /finish_reason: expected stop/,
    ],
    ['ignored', questions((body) => void delete body.stop), /with stop/],
  ),
  ...faultsOf('26b', [
    'what was held back is lost',
    chunks((list) => {
      const part = lastText(list)
      if (part) part.delta.content = ''
    }),
    /text: expected/,
  ]),
  ...faultsOf(
    '27a',
    [
      'a choice is lost',
      chunks((list) => list.filter((chunk) => chunk.choices[0]?.index !== 1)),
      /choices: expected 4/,
    ],
    [
      'choices are mixed up',
      chunks((list) => partsOf(list).forEach((part) => (part.index = 3 - part.index))),
      /choice 0: expected/,
    ],
    [
      'a choice does not end',
      chunks((list) => list.filter((chunk) => !(chunk.choices[0]?.index === 2 && chunk.choices[0].finish_reason))),
      /one finish_reason/,
    ],
  ),
  ...faultsOf('27b', [
    'one after the other',
    chunks((list) => list.sort((a, b) => a.choices[0].index - b.choices[0].index)),
    /take turns/,
  ]),
  ...faultsOf(
    '28',
    ['it just ends', chunks((list) => list.filter((chunk) => !chunk.error)), /an error as the last/],
    [
      'an error of another shape',
      chunks((list) => list.forEach((chunk) => (chunk.error &&= 'broken'))),
      /error.message: expected/,
    ],
    [
      'its inside is shown',
      chunks((list) =>
        list.forEach((chunk) => chunk.error && (chunk.error.message = 'Error\n    at run (/app/run.js:1:2)')),
      ),
      /nothing of the inside/,
    ],
    ['it goes on', chunks((list) => [...list, list[0]]), /an error as the last/],
    ['nothing was said before', chunks((list) => list.filter((chunk) => chunk.error)), /chunks before/],
  ),
  ...faultsOf(
    '29a',
    ['a line that is none', streams((text) => `hello\n\n${text}`), /lines/],
    ['a named event', streams((text) => `event: chunk\n${text}`), /no name/],
  ),
  ...faultsOf(
    '29b',
    ['silence', streams((text) => text.replace(/^:.*\n\n/gm, '')), /a comment/],
    ['comments alone', streams(() => ': wait\n\n'), /at least one chunk/],
  ),
  ...faultsOf('31', ['all at once', buffered((bytes) => bytes), /when the pieces/]),
]
