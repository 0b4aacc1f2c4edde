import type { Client } from './client.ts'
import { EventStreamParser, type StreamEvent } from './event-stream.ts'
import { CheckFailure, Found } from './found.ts'

/** What one choice of a stream came to. */
export interface StreamedChoice {
  readonly index: number
  /** Its parts of all chunks, in order. */
  readonly parts: readonly Found[]
  /** Its deltas' contents, or texts, in order; those that are null or missing left out. */
  readonly pieces: readonly string[]
  readonly text: string
  /** Those that are not null. */
  readonly finishReasons: readonly string[]
}

/** A stream of events, read to its end. */
export interface Streamed {
  readonly where: string
  readonly headers: Headers
  /** With their lines' form. */
  readonly parser: EventStreamParser
  /** All, [DONE] too. */
  readonly events: readonly StreamEvent[]
  /** The JSON of all but [DONE]. */
  readonly chunks: readonly Found[]
  /** By index. */
  choices(): readonly StreamedChoice[]
  /** The first choice's text. */
  text(): string
}

/** Asks for a stream and reads all of it. Throws CheckFailure where it is none, or not UTF-8 or not JSON. */
export async function readStream(client: Client, path: string, body: unknown): Promise<Streamed> {
  const arrival = await client.open(path, body)
  const { where, headers, status } = arrival
  const parser = new EventStreamParser()
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
  const events: StreamEvent[] = []
  for await (const { bytes } of arrival.pieces()) events.push(...parser.push(decoded(where, decoder, bytes)))
  decoded(where, decoder)
  if (status !== 200) throw new CheckFailure(`${where} status`, '200', `${status} ${parser.rest}`)
  if (parser.rest !== '') throw new CheckFailure(where, 'every line of the stream to be ended', parser.rest)
  const chunks = events
    .filter(({ data }) => data !== '[DONE]')
    .map(({ data }, i) => parsed(`${where} chunk ${i}`, data))
  if (chunks.length === 0) throw new CheckFailure(where, 'at least one chunk', events)
  const choices = () => choicesOf(chunks)
  return { where, headers, parser, events, chunks, choices, text: () => choices()[0]?.text ?? '' }
}

/** Without bytes: that nothing of a character is left over. */
function decoded(where: string, decoder: InstanceType<typeof TextDecoder>, bytes?: Uint8Array): string {
  try {
    return decoder.decode(bytes, { stream: bytes !== undefined })
  } catch {
    throw new CheckFailure(where, 'a stream of UTF-8', new TextDecoder().decode(bytes))
  }
}

function parsed(where: string, data: string): Found {
  try {
    return new Found(where, JSON.parse(data))
  } catch {
    throw new CheckFailure(where, 'JSON', data)
  }
}

function choicesOf(chunks: readonly Found[]): StreamedChoice[] {
  const parts = new Map<number, Found[]>()
  for (const choice of chunks.flatMap((chunk) => chunk.get('choices').list())) {
    const index = choice.get('index').count()
    parts.set(index, [...(parts.get(index) ?? []), choice])
  }
  return Array.from(parts, ([index, own]) => choiceOf(index, own)).sort((a, b) => a.index - b.index)
}

function choiceOf(index: number, parts: readonly Found[]): StreamedChoice {
  const contents = parts.map((part) => (part.get('delta').absent ? part.get('text') : part.get('delta.content')))
  const pieces = contents.filter(({ absent }) => !absent).map((content) => content.string())
  const reasons = parts.map((part) => part.get('finish_reason')).filter(({ absent }) => !absent)
  const finishReasons = reasons.map((reason) => reason.string())
  return { index, parts, pieces, text: pieces.join(''), finishReasons }
}
