import type { ServedModel } from '../serving.ts'

/**
 * How a model writes calls. *Native*: a control token, then a JSON list, as Mistral's models of v0.3 to v7 were
 * trained to; `token` is its id. *Prompted*: the same list between two texts, which a system message tells the model about: for models
 * without tool tokens, or whose template has no place for tools.
 */
export type Syntax = { readonly kind: 'native'; readonly token: number } | { readonly kind: 'prompted' }

/** The control token of native calls. */
export const callToken = '[TOOL_CALLS]'

/** What stands for it in grammars: a byte that is in no UTF-8. */
export const callByte = 0xff

/** What stands around prompted calls. SmolLM2-1.7B-Instruct was trained on this form. */
export const callOpen = '<tool_call>'
export const callClose = '</tool_call>'

export function syntaxOf({ tokenizer, prompts }: Pick<ServedModel, 'tokenizer' | 'prompts'>): Syntax {
  const token = tokenizer.control.get(callToken)
  // Later formats write a call as a name, this token and arguments.
  const isOther = tokenizer.control.has('[ARGS]')
  return token !== undefined && !isOther && prompts.tools ? { kind: 'native', token } : { kind: 'prompted' }
}
