import { parseDetokenize, parseTokenize } from '../schema/parse.ts'
import { syntaxOf } from '../tools/syntax.ts'
import { templateInput } from '../tools/template-input.ts'
import type { Detokenized, Tokenized } from '../schema/responses.ts'
import { checkModel } from './models.ts'
import { chatPrompt, textPrompt } from './prompt.ts'
import { bodyOf, type Handle, type Server } from './server.ts'

/** Text or messages → ids. */
export function tokenizeRoute(server: Server): Handle {
  return async (c) => {
    const { model } = server.serving()
    const request = parseTokenize(await bodyOf(c, server), server.requestLimits(model))
    if (request.model !== null) checkModel(request.model, model)
    const { signal } = c.req.raw
    const ids =
      'messages' in request
        ? await chatPrompt(model, templateInput(request, syntaxOf(model)), signal)
        : await textPrompt(model, request.prompt, { prefix: request.prefix, param: 'prompt', signal })
    return c.json({ tokens: [...ids], count: ids.length, max_model_len: model.context } satisfies Tokenized)
  }
}

/** Ids → text, control tokens and all. */
export function detokenizeRoute(server: Server): Handle {
  return async (c) => {
    const { model } = server.serving()
    const request = parseDetokenize(await bodyOf(c, server), server.requestLimits(model))
    if (request.model !== null) checkModel(request.model, model)
    return c.json({ prompt: model.tokenizer.decode(request.tokens, { control: true }) } satisfies Detokenized)
  }
}
