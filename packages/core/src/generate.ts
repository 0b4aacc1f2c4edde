import type { Program, Sequence } from './backend.ts'
import { decode } from './dtype.ts'
import { InputError } from './errors.ts'
import { checkSampling, sample, type Choice, type Sampling } from './sample.ts'

export interface GenerateOptions {
  /** Default: as many as the sequence has room for. */
  readonly maxTokens?: number
  readonly sampling?: Sampling
  /** Tokens that end the text; the one that did is the last to be yielded. */
  readonly end?: readonly number[]
  readonly signal?: AbortSignal
  /** Called while the prompt is fed, with tokens so far and in all. */
  readonly progress?: (fed: number, total: number) => void
}

/** Prompt tokens of one pass: a weight is decoded once for all of them. */
const chunk = 64

/**
 * Feeds the prompt, then yields one token after another. Afterwards the sequence holds the prompt and all tokens
 * yielded but the last. Throws InputError for an empty prompt or one that the sequence has no room for, and the
 * signal's reason when it is aborted.
 */
export async function* generate(
  program: Program,
  sequence: Sequence,
  prompt: Int32Array,
  options: GenerateOptions = {},
): AsyncGenerator<Choice> {
  const { sampling = {}, end = [], signal, progress } = options
  checkSampling(sampling)
  if (prompt.length === 0) throw new InputError('the prompt is empty: expected at least one token')
  const room = sequence.capacity - sequence.length - prompt.length
  if (room < 0) {
    throw new InputError(`the prompt has ${prompt.length} tokens, but the context has room for ${room + prompt.length}`)
  }
  const maxTokens = Math.min(options.maxTokens ?? Infinity, room + 1)
  const step = async (tokens: Int32Array, logits: 'last' | 'none'): Promise<Float64Array> => {
    const pass = program.submit([{ sequence, tokens, logits }], { ...(signal && { signal }) })
    return decode(await pass.read('logits'))
  }
  const generated: number[] = []
  let next: Int32Array = prompt
  while (generated.length < maxTokens) {
    for (; next.length > chunk; next = next.subarray(chunk)) {
      await step(next.subarray(0, chunk), 'none')
      progress?.(prompt.length - next.length + chunk, prompt.length)
    }
    const choice = sample(await step(next, 'last'), sampling, { prompt, generated })
    if (generated.length === 0) progress?.(prompt.length, prompt.length)
    generated.push(choice.token)
    yield choice
    if (end.includes(choice.token)) return
    next = Int32Array.of(choice.token)
  }
}
