import type {
  ChatChunkChoice,
  ChatCompletion,
  ChatCompletionChunk,
  Completion,
  CompletionChunk,
  CompletionChunkChoice,
  CompletionLogprobs,
  Logprobs,
  ToolCall,
  ToolCallDelta,
  Usage,
} from '../schema/responses.ts'

/**
 * The plain reply: what a stream of chunks comes to. Throws what the chunks throw, and Error for a stream that says too
 * little to be a reply: no chunk, no usage, a choice without its end.
 */
export async function foldChat(chunks: AsyncIterable<ChatCompletionChunk>): Promise<ChatCompletion> {
  const { head, usage, choices } = await fold<ChatChunkChoice>(chunks)
  return {
    ...head,
    object: 'chat.completion',
    choices: choices.map(({ index, parts, finish_reason }) => ({
      index,
      message: messageOf(parts.map(({ delta }) => delta)),
      logprobs: joinedLogprobs(parts.flatMap(({ logprobs }) => logprobs ?? [])),
      finish_reason,
    })),
    usage,
  }
}

type Delta = ChatChunkChoice['delta']

/** Without text its content is null where there are calls; where there are none, so is the field for them. */
function messageOf(deltas: readonly Delta[]): ChatCompletion['choices'][number]['message'] {
  const text = deltas.map(({ content }) => content ?? '').join('')
  const calls = joinedCalls(deltas.flatMap(({ tool_calls: calls }) => calls ?? []))
  if (calls.length === 0) return { role: 'assistant', content: text, refusal: null }
  return { role: 'assistant', content: text === '' ? null : text, refusal: null, tool_calls: calls }
}

function joinedCalls(deltas: readonly ToolCallDelta[]): ToolCall[] {
  const calls: ToolCall[] = []
  for (const { index, id, function: part } of deltas) {
    const before = calls[index] ?? {
      id: id ?? '',
      type: 'function',
      function: { name: part.name ?? '', arguments: '' },
    }
    const given = before.function.arguments + (part.arguments ?? '')
    calls[index] = { ...before, function: { ...before.function, arguments: given } }
  }
  return calls
}

/** The same for a completion. */
export async function foldCompletion(chunks: AsyncIterable<CompletionChunk>): Promise<Completion> {
  const { head, usage, choices } = await fold<CompletionChunkChoice>(chunks)
  return {
    ...head,
    object: 'text_completion',
    choices: choices.map(({ index, parts, finish_reason }) => ({
      index,
      text: parts.map(({ text }) => text).join(''),
      logprobs: joinedLists(parts.flatMap(({ logprobs }) => logprobs ?? [])),
      finish_reason,
    })),
    usage,
  }
}

type Head = Pick<ChatCompletionChunk, 'id' | 'created' | 'model' | 'system_fingerprint'>
type Chunk<C> = Head & { choices: C[]; usage?: Usage | null | undefined }

interface Folded<C extends { finish_reason: unknown }> {
  readonly head: Head
  readonly usage: Usage
  /** By index. */
  readonly choices: readonly { index: number; parts: readonly C[]; finish_reason: NonNullable<C['finish_reason']> }[]
}

async function fold<C extends { index: number; finish_reason: unknown }>(
  chunks: AsyncIterable<Chunk<C>>,
): Promise<Folded<C>> {
  const parts = new Map<number, C[]>()
  let last: Chunk<C> | undefined
  for await (const chunk of chunks) {
    last = chunk
    for (const choice of chunk.choices) {
      if (!parts.has(choice.index)) parts.set(choice.index, [])
      parts.get(choice.index)!.push(choice)
    }
  }
  if (!last?.usage) throw new Error('the chunks of a reply ended without its usage')
  const { id, created, model, system_fingerprint, usage } = last
  const byIndex = Array.from(parts).sort(([a], [b]) => a - b)
  return { head: { id, created, model, system_fingerprint }, usage, choices: byIndex.map(ended) }
}

function ended<C extends { finish_reason: unknown }>([index, parts]: [number, C[]]): Folded<C>['choices'][number] {
  const reason = parts.at(-1)!.finish_reason
  if (reason === null || reason === undefined) throw new Error(`choice ${index} ended without a finish_reason`)
  return { index, parts, finish_reason: reason }
}

/** Null where there was nothing of the kind in any part. */
function joinedLogprobs(parts: readonly Logprobs[]): Logprobs | null {
  if (parts.length === 0) return null
  return { content: parts.flatMap(({ content }) => content ?? []), refusal: null }
}

function joinedLists(parts: readonly CompletionLogprobs[]): CompletionLogprobs | null {
  if (parts.length === 0) return null
  return {
    tokens: parts.flatMap(({ tokens }) => tokens),
    token_logprobs: parts.flatMap(({ token_logprobs }) => token_logprobs),
    top_logprobs: parts.flatMap(({ top_logprobs }) => top_logprobs ?? []),
    text_offset: parts.flatMap(({ text_offset }) => text_offset),
  }
}
