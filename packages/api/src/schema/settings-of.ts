import type { Sampling } from '@tramontane/core'
import type { z } from 'zod'
import { contradiction } from './fault.ts'
import { defaults } from './parameters.ts'
import type { GenerationSettings } from './requests.ts'
import { formatOf } from './response-format.ts'
import type { modelName, settings } from './settings.ts'

/** The fields as they were written, once the schema has passed them. */
type Written = z.output<z.ZodObject<ReturnType<typeof settings> & { model: ReturnType<typeof modelName> }>>

/** With every default filled in. Throws ApiError where two fields contradict each other. */
export function settingsOf(body: Written): GenerationSettings {
  const stream = body.stream ?? false
  if (body.stream_options != null && !stream) {
    throw contradiction('stream_options', "'stream_options' is given, which needs 'stream' to be true")
  }
  checkEnds(body)
  return {
    model: body.model,
    stream,
    includeUsage: body.stream_options?.include_usage ?? false,
    n: body.n ?? defaults.n,
    maxTokens: maxTokensOf(body),
    stop: typeof body.stop === 'string' ? [body.stop] : (body.stop ?? []),
    stopTokenIds: body.stop_token_ids ?? [],
    ignoreEnd: body.ignore_eos ?? false,
    format: formatOf(body.response_format),
    sampling: samplingOf(body),
  }
}

/** A text that is described ends where it is complete: what would end it elsewhere, or let it go on, is not taken. */
function checkEnds(body: Written): void {
  if (formatOf(body.response_format) === null) return
  const ends = [
    ['stop', body.stop != null && body.stop.length > 0],
    ['stop_token_ids', body.stop_token_ids != null && body.stop_token_ids.length > 0],
    ['ignore_eos', body.ignore_eos === true],
  ] as const
  for (const [name, isGiven] of ends) {
    if (!isGiven) continue
    throw contradiction(name, `'${name}' is given with a 'response_format', whose answers end where they are complete`)
  }
}

/** Two names of one field. Null says: the rest of the context. */
function maxTokensOf({ max_tokens: old, max_completion_tokens: current }: Written): number | null {
  if (old != null && current != null && old !== current) {
    const message = `'max_completion_tokens' is ${current} where 'max_tokens' is ${old}, expected one of them or the same`
    throw contradiction('max_completion_tokens', message)
  }
  const given = current ?? old
  return given ?? (old === null || current === null ? null : defaults.maxTokens)
}

function samplingOf(body: Written): Sampling {
  return {
    temperature: body.temperature ?? defaults.temperature,
    topP: body.top_p ?? defaults.topP,
    topK: Math.max(0, body.top_k ?? defaults.topK),
    minP: body.min_p ?? defaults.minP,
    repetitionPenalty: body.repetition_penalty ?? defaults.repetitionPenalty,
    frequencyPenalty: body.frequency_penalty ?? defaults.frequencyPenalty,
    presencePenalty: body.presence_penalty ?? defaults.presencePenalty,
    bias: new Map(Object.entries(body.logit_bias ?? {}).map(([id, value]) => [Number(id), value])),
    ...(body.seed == null ? {} : { seed: body.seed }),
  }
}
