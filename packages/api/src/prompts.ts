import { InputError, type Text } from '@tramontane/core'
import type { Prompts } from './serving.ts'

/** Prompts made in the caller's own thread: for short texts, tests, and hosts without workers. */
export function prompts({ tokenizer, chat }: Text): Prompts {
  return {
    tools: chat?.tools ?? false,
    async chat(messages, { tools } = {}) {
      if (chat === null) throw new InputError('this model has no chat template: use completions instead')
      return chat.encode(messages, tools && { tools })
    },
    async text(text, { prefix }) {
      const ids = tokenizer.encode(text)
      return prefix ? Int32Array.from([...tokenizer.prefix, ...ids]) : ids
    },
  }
}
