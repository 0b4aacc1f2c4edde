import type { Program, Sequence } from './backend.ts'
import { engine } from './engine/engine.ts'
import type { DrawnToken, GenerationRequest } from './engine/generation.ts'

export type GenerateOptions = Omit<GenerationRequest, 'prompt' | 'sequence' | 'owner' | 'promptLogprobs'>

/**
 * Feeds the prompt, then yields one token after another. Afterwards the sequence holds what it held, the prompt and all
 * tokens yielded but the last; after a failed pass, what `truncate` makes of it. Throws InputError for an empty prompt or
 * one that the sequence has no room for, and the signal's reason when it is aborted.
 */
export async function* generate(
  program: Program,
  sequence: Sequence,
  prompt: Int32Array,
  options: GenerateOptions = {},
): AsyncGenerator<DrawnToken> {
  // One token ahead: the next is computed while the caller looks at this one.
  const loop = engine(program, { context: sequence.capacity, slots: 1, queue: 0, kept: 0, lead: 1 })
  const [generation] = loop.submit([{ ...options, sequence, prompt }])
  for await (const event of generation) {
    if (event.type === 'token') yield event
  }
}
