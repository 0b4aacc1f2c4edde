import { z } from 'zod'

const count = z.int().min(0)

const byteList = z.array(z.int().min(0).max(255))

/** A token beside the one drawn. `bytes` are what it stands for; `token` is them as text, or "bytes:\xe6\xbc". */
export const topLogprob = z.object({ token: z.string(), logprob: z.number(), bytes: byteList.nullable() })
export type TopLogprob = z.infer<typeof topLogprob>

/** A drawn token: natural logarithm of its probability before bias, penalties and temperature; -9999 is the floor. */
export const tokenLogprob = topLogprob.extend({ top_logprobs: z.array(topLogprob) })
export type TokenLogprob = z.infer<typeof tokenLogprob>

export const logprobs = z.object({ content: z.array(tokenLogprob).nullable(), refusal: z.null() })
export type Logprobs = z.infer<typeof logprobs>

/** Of a chat; "tool_calls" is for replies that call tools. */
const finishReason = z.enum(['stop', 'length', 'tool_calls'])

export const usage = z.object({
  prompt_tokens: count,
  /** Every token sampled, the one that ended the answer included. */
  completion_tokens: count,
  total_tokens: count,
  prompt_tokens_details: z.object({ cached_tokens: count }),
  /** US dollars. */
  estimated_cost: z.number().min(0),
})
export type Usage = z.infer<typeof usage>

export const toolCall = z.object({
  id: z.string(),
  type: z.literal('function'),
  function: z.object({ name: z.string(), arguments: z.string() }),
})
export type ToolCall = z.infer<typeof toolCall>

/** What every reply, and every chunk of one, begins with. */
const reply = { id: z.string(), created: count, model: z.string(), system_fingerprint: z.string() }

export const assistantMessage = z.object({
  role: z.literal('assistant'),
  content: z.string().nullable(),
  refusal: z.null(),
  tool_calls: z.array(toolCall).optional(),
})

const chatChoice = z.object({
  index: count,
  message: assistantMessage,
  logprobs: logprobs.nullable(),
  finish_reason: finishReason,
})

/** The plain reply of POST /v1/chat/completions. */
export const chatCompletion = z.object({
  ...reply,
  object: z.literal('chat.completion'),
  choices: z.array(chatChoice),
  usage,
})
export type ChatCompletion = z.infer<typeof chatCompletion>

/** A piece of a tool call: id and name come once, arguments in pieces to be joined. */
const toolCallDelta = z.object({
  index: count,
  id: z.string().optional(),
  type: z.literal('function').optional(),
  function: z.object({ name: z.string().optional(), arguments: z.string().optional() }),
})
export type ToolCallDelta = z.infer<typeof toolCallDelta>

const chatDelta = z.object({
  role: z.literal('assistant').optional(),
  content: z.string().nullable().optional(),
  refusal: z.null().optional(),
  tool_calls: z.array(toolCallDelta).optional(),
})

const chatChunkChoice = z.object({
  index: count,
  delta: chatDelta,
  logprobs: logprobs.nullable(),
  finish_reason: finishReason.nullable(),
})
export type ChatChunkChoice = z.infer<typeof chatChunkChoice>

/** One event of a streamed chat. With include_usage, `usage` is null on all but the last, which has no choices. */
export const chatCompletionChunk = z.object({
  ...reply,
  object: z.literal('chat.completion.chunk'),
  choices: z.array(chatChunkChoice),
  usage: usage.nullable().optional(),
})
export type ChatCompletionChunk = z.infer<typeof chatCompletionChunk>

/** Four lists of one entry a token, and where each token's text begins, in characters (code points) of the choice's text. */
export const completionLogprobs = z.object({
  tokens: z.array(z.string()),
  token_logprobs: z.array(z.number().nullable()),
  top_logprobs: z.array(z.record(z.string(), z.number()).nullable()).nullable(),
  text_offset: z.array(count),
})
export type CompletionLogprobs = z.infer<typeof completionLogprobs>

const completionChunkChoice = z.object({
  index: count,
  text: z.string(),
  logprobs: completionLogprobs.nullable(),
  finish_reason: z.enum(['stop', 'length']).nullable(),
})
export type CompletionChunkChoice = z.infer<typeof completionChunkChoice>

const completionChoice = completionChunkChoice.extend({ finish_reason: z.enum(['stop', 'length']) })

/** The plain reply of POST /v1/completions. */
export const completion = z.object({
  ...reply,
  object: z.literal('text_completion'),
  choices: z.array(completionChoice),
  usage,
})
export type Completion = z.infer<typeof completion>

/** One event of a streamed completion. */
export const completionChunk = z.object({
  ...reply,
  object: z.literal('text_completion'),
  choices: z.array(completionChunkChoice),
  usage: usage.nullable().optional(),
})
export type CompletionChunk = z.infer<typeof completionChunk>

export const model = z.object({
  id: z.string(),
  object: z.literal('model'),
  created: count,
  owned_by: z.string(),
  /** Tokens of prompt and answer together. */
  max_model_len: count,
})
export type Model = z.infer<typeof model>

export const modelList = z.object({ object: z.literal('list'), data: z.array(model) })
export type ModelList = z.infer<typeof modelList>

export const tokenized = z.object({ tokens: z.array(count), count, max_model_len: count })
export type Tokenized = z.infer<typeof tokenized>

export const detokenized = z.object({ prompt: z.string() })
export type Detokenized = z.infer<typeof detokenized>

/** Of GET /health, when the engine steps. When it does not, the reply is an error. */
export const health = z.object({ status: z.literal('ok') })
export type Health = z.infer<typeof health>

export const errorBody = z.object({
  error: z.object({
    message: z.string(),
    type: z.string(),
    param: z.string().nullable(),
    code: z.string().nullable(),
  }),
})
export type ErrorBody = z.infer<typeof errorBody>
