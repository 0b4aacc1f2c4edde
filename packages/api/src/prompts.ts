import { InputError, type Text } from '@tramontane/core'
import type { Prompts } from './serving.ts'

/** Prompts made in the caller's own thread: for short texts, tests, and hosts without workers. */
export function prompts({ tokenizer, chat }: Text): Prompts {
  return {
    async chat(messages) {
      if (chat === null) throw new InputError('this model has no chat template: use completions instead')
      return chat.encode(messages)
    },
    async text(text, { prefix }) {
      const ids = tokenizer.encode(text)
      return prefix ? Int32Array.from([...tokenizer.prefix, ...ids]) : ids
    },
  }
}
