import { z } from 'zod'
import { unsupported } from './fault.ts'
import { idsBelow } from './id-pattern.ts'
import type { Limits } from './limits.ts'
import { objectOf } from './object.ts'
import { defaults, type Kind } from './parameters.ts'
import { refusedFields } from './refused-fields.ts'
import { responseFormat } from './response-format.ts'
import { tokenId } from './token-ids.ts'

const optional = <T extends z.ZodType>(schema: T, description: string, absent?: unknown) =>
  schema.nullish().meta({ description, ...(absent === undefined ? {} : { default: absent }) })

/** The most of one field, where the reason is the field's own. */
export const most = {
  maxTokens: 100_000,
  choices: 16,
  stops: 16,
  stopCharacters: 1024,
  stopIds: 128,
  logprobs: 20,
  biases: 4096,
  parts: 16_384,
  name: 512,
}

/** A name of a model. The schema takes any: one that is not served is 404, not 400. The document has `known` ones. */
export function modelName(known?: readonly string[]) {
  const name = z.string().max(most.name)
  return name.meta({ description: 'One that GET /v1/models lists.', ...(known && { enum: known }) })
}

export const topLogprobs = z.int().min(0).max(most.logprobs)

/** The fields that chats and completions have in common, but for the model. */
export function settings(kind: Kind, limits: Limits) {
  return {
    ...streaming(kind, limits),
    ...lengths(limits),
    ...sampling(limits),
    response_format: optional(responseFormat(limits), 'What the answer has to be, enforced token by token.'),
    ...withoutEffect(),
    ...refusedFields(kind),
  }
}

function streaming(kind: Kind, limits: Limits) {
  const include = optional(z.boolean(), 'A last chunk has the usage.', false)
  const options = objectOf(limits)({ include_usage: include, ...refusedFields(kind, 'stream_options.') })
  return {
    stream: optional(z.boolean(), 'Answer in server-sent events, token by token.', false),
    stream_options: optional(options, 'Only with stream.'),
  }
}

function lengths(limits: Limits) {
  const tokens = z.int().min(0).max(most.maxTokens)
  const words = `expected a string or a list of up to ${most.stops} strings`
  const stop = z.string().min(1).max(most.stopCharacters)
  const stops = z.union([stop, z.array(stop).max(most.stops)], { error: words })
  const choices = z.int().min(1).max(most.choices)
  return {
    max_tokens: optional(tokens, 'Tokens to generate at most; null for the rest of the context.', defaults.maxTokens),
    max_completion_tokens: optional(tokens, 'Another name of max_tokens; both may not differ.', defaults.maxTokens),
    stop: optional(stops, 'Texts that end the answer; they are not part of it.'),
    stop_token_ids: optional(z.array(tokenId(limits)).max(most.stopIds), 'Tokens that end the answer.'),
    ignore_eos: optional(z.boolean(), "The model's end token does not end the answer.", false),
    n: optional(choices, 'Answers to each prompt.', defaults.n),
  }
}

function sampling({ vocabulary }: Limits) {
  const penalty = z.number().min(-2).max(2)
  const key = z.string().regex(idsBelow(vocabulary), { error: `expected token ids from 0 to ${vocabulary - 1}` })
  const bias = z.record(key, z.number().min(-100).max(100)).meta({ maxProperties: most.biases })
  return {
    temperature: optional(z.number().min(0).max(2), '0 takes the likeliest token.', defaults.temperature),
    top_p: optional(z.number().gt(0).max(1), 'Likeliest tokens that together reach it are kept.', defaults.topP),
    top_k: optional(z.int().min(-1), 'So many likeliest tokens are kept; 0 or -1 for all.', defaults.topK),
    min_p: optional(z.number().min(0).max(1), 'Tokens so likely, of the likeliest, are kept.', defaults.minP),
    seed: optional(z.int(), 'The same seed gives the same answer.'),
    presence_penalty: optional(penalty, 'Taken off the logits of generated tokens.', defaults.presencePenalty),
    frequency_penalty: optional(penalty, 'The same, for each time one was generated.', defaults.frequencyPenalty),
    repetition_penalty: optional(
      z.number().min(0.01).max(5),
      'Divides the logits of tokens of prompt and answer.',
      defaults.repetitionPenalty,
    ),
    logit_bias: optional(bias, 'Added to the logits of these token ids.'),
  }
}

function withoutEffect() {
  const idle = <T extends z.ZodType>(schema: T) => optional(schema, 'Accepted without effect.')
  const text = z.string()
  return {
    user: idle(text),
    metadata: idle(z.object({})),
    service_tier: idle(z.enum(['auto', 'default'], { error: unsupported('only "auto" and "default" are') })),
    store: idle(z.literal(false, { error: unsupported('nothing is stored') })),
    prompt_cache_key: idle(text),
    prompt_cache_retention: idle(text),
    safety_identifier: idle(text),
  }
}
