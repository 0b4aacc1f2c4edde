import { parseCompletion } from '../schema/parse.ts'
import type { ServedModel } from '../serving.ts'
import { asked } from '../structure/asked.ts'
import { syntaxOf } from '../tools/syntax.ts'
import { completionChunks } from '../wire/completion-chunks.ts'
import type { EchoedPrompt } from '../wire/echo.ts'
import { foldCompletion } from '../wire/fold.ts'
import { ask } from './ask.ts'
import { checkModel } from './models.ts'
import { checkBytes, completionPrompt, roomFor } from './prompt.ts'
import { reply } from './reply.ts'
import { bodyOf, type Handle, type Server } from './server.ts'

/** Texts, or ids → what the model goes on with. */
export function completionRoute(server: Server): Handle {
  return async (c) => {
    const serving = server.serving()
    const { model } = serving
    const request = parseCompletion(await bodyOf(c, server), server.requestLimits(model))
    checkModel(request.model, model)
    const { logprobs, echo, maxTokens, stream } = request
    const about = { format: request.format, tools: null, syntax: syntaxOf(model) }
    const constrain = asked(server.constraints(model), about, { owner: c.get('owner'), continues: true })
    const echoed: EchoedPrompt[] = []
    // One after another: where one is refused, no work is left behind.
    for (const prompt of request.prompts) echoed.push(await encoded(model, prompt, c.req.raw.signal))
    const prompts = echoed.map(({ ids }) => ({ ids, maxTokens: roomFor(ids.length, maxTokens, model, 'prompt') }))
    const wanted = { prompts, logprobs, promptLogprobs: echo && logprobs !== null, constrain, continues: true }
    const { meta, events } = ask(c, server, serving, request, { ...wanted, prefix: 'cmpl' })
    const completionMeta = { ...meta, tokenizer: model.tokenizer, ...(echo && { echo: echoed }) }
    return reply(c, server, { chunks: completionChunks(completionMeta, events), fold: foldCompletion }, stream)
  }
}

async function encoded(model: ServedModel, prompt: string | Int32Array, signal: AbortSignal): Promise<EchoedPrompt> {
  if (typeof prompt !== 'string') return { ids: prompt }
  checkBytes(model, [prompt], 'prompt')
  return { ids: await completionPrompt(model, prompt, signal), text: prompt }
}
