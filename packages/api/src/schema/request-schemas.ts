import { z } from 'zod'
import { unsupported } from './fault.ts'
import type { Limits } from './limits.ts'
import { messagesSchema } from './messages.ts'
import { objectOf } from './object.ts'
import { modelName, most, settings, topLogprobs } from './settings.ts'
import { tokenIds } from './token-ids.ts'
import { toolFields } from './tools.ts'

/** The schemas of all requests, for one model and its limits. Of these the parsers and the OpenAPI document are made. */
export function requestSchemas(limits: Limits, models?: readonly string[]) {
  const model = modelName(models)
  const object = objectOf(limits)
  return {
    chat: object({ model, ...chatFields(limits), ...settings('chat', limits) }).meta({
      allOf: [usageNeedsStream, topNeedsLogprobs, choiceNeedsTools],
    }),
    completions: object({ model, ...completionFields(limits), ...settings('completions', limits) }).meta({
      allOf: [usageNeedsStream],
    }),
    tokenizePrompt: object({ model: model.nullish(), ...tokenizePromptFields(limits) }),
    tokenizeMessages: object({ model: model.nullish(), ...tokenizeMessagesFields(limits) }).meta({
      allOf: [choiceNeedsTools],
    }),
    detokenize: object({ model: model.nullish(), tokens: tokenIds(limits, 0) }),
  }
}

export type RequestSchemas = ReturnType<typeof requestSchemas>

function chatFields(limits: Limits) {
  return {
    messages: messagesSchema(limits),
    ...toolFields(limits),
    logprobs: z.boolean().nullish().meta({ description: 'Report log-probabilities.', default: false }),
    top_logprobs: topLogprobs.nullish().meta({ description: 'Of so many likeliest tokens; only with logprobs.' }),
    modalities: z
      .array(z.literal('text', { error: unsupported('only "text" is') }))
      .max(1)
      .nullish()
      .meta({ description: 'Accepted without effect.' }),
  }
}

function completionFields(limits: Limits) {
  const text = z.string().max(limits.characters)
  const forms = [text, z.array(text).min(1).max(limits.prompts), tokenIds(limits)] as const
  const many = z.array(tokenIds(limits)).min(1).max(limits.prompts)
  const error = 'expected a string, a list of strings, a list of token ids, or a list of lists of them'
  return {
    prompt: z.union([...forms, many], { error }).meta({ description: 'What is to be gone on with.' }),
    echo: z.boolean().nullish().meta({ description: 'The prompt comes before the answer.', default: false }),
    logprobs: topLogprobs.nullish().meta({ description: 'Report log-probabilities, of so many likeliest tokens too.' }),
    best_of: z.int().min(1).max(most.choices).nullish().meta({ description: 'Only the same as n.' }),
  }
}

function tokenizePromptFields(limits: Limits) {
  return {
    prompt: z.string().max(limits.characters),
    messages: z.null().optional(),
    add_special_tokens: z.boolean().nullish().meta({ description: "The model's first tokens too.", default: true }),
    return_token_strs: notReturned(),
  }
}

/** A template brings its own special tokens, and the words that let the model answer. */
function tokenizeMessagesFields(limits: Limits) {
  return {
    messages: messagesSchema(limits),
    ...toolFields(limits),
    prompt: z.null().optional(),
    add_special_tokens: z.literal(false, { error: unsupported('a chat template brings its own') }).nullish(),
    add_generation_prompt: z.literal(true, { error: unsupported('only true is') }).nullish(),
    return_token_strs: notReturned(),
  }
}

function notReturned() {
  return z.literal(false, { error: unsupported('only false is') }).nullish()
}

/** JSON Schema of rules between fields, which the parsers check by hand. */
const usageNeedsStream = {
  if: { required: ['stream_options'], properties: { stream_options: { type: 'object' } } },
  then: { required: ['stream'], properties: { stream: { const: true } } },
}

const topNeedsLogprobs = {
  if: { required: ['top_logprobs'], properties: { top_logprobs: { type: 'integer', minimum: 1 } } },
  then: { required: ['logprobs'], properties: { logprobs: { const: true } } },
}

const choiceNeedsTools = {
  if: { required: ['tool_choice'], properties: { tool_choice: { not: { enum: [null, 'none'] } } } },
  then: { required: ['tools'], properties: { tools: { type: 'array', minItems: 1 } } },
}
