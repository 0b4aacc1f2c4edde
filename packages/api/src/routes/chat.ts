import { parseChat } from '../schema/parse.ts'
import { chatChunks } from '../wire/chat-chunks.ts'
import { foldChat } from '../wire/fold.ts'
import { ask } from './ask.ts'
import { checkModel } from './models.ts'
import { chatPrompt, checkBytes, roomFor } from './prompt.ts'
import { reply } from './reply.ts'
import { bodyOf, type Handle, type Server } from './server.ts'

/** Messages → the answer of the model. */
export function chatRoute(server: Server): Handle {
  return async (c) => {
    const serving = server.serving()
    const { model } = serving
    const request = parseChat(await bodyOf(c, server), server.requestLimits(model))
    checkModel(request.model, model)
    const texts = request.messages.map(({ content }) => content ?? '')
    checkBytes(model, texts, 'messages')
    const ids = await chatPrompt(model, request.messages, c.req.raw.signal)
    const prompts = [{ ids, maxTokens: roomFor(ids.length, request.maxTokens, model, 'messages') }]
    const logprobs = request.logprobs ? request.topLogprobs : null
    const wanted = { prompts, logprobs, promptLogprobs: false, continues: false }
    const { meta, events } = ask(c, server, serving, request, { ...wanted, prefix: 'chatcmpl' })
    return reply(c, server, { chunks: chatChunks(meta, events), fold: foldChat }, request.stream)
  }
}
