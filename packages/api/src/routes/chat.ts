import { parseChat } from '../schema/parse.ts'
import { asked } from '../structure/asked.ts'
import { callMarks } from '../tools/call-marks.ts'
import { syntaxOf } from '../tools/syntax.ts'
import { templateInput } from '../tools/template-input.ts'
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
    const syntax = syntaxOf(model)
    const input = templateInput(request, syntax)
    const texts = input.messages.map(({ content }) => content ?? '')
    checkBytes(model, texts, 'messages')
    const { format, tools } = request
    const about = { owner: c.get('owner'), continues: false }
    const constrain = asked(server.constraints(model), { format, tools, syntax }, about)
    const ids = await chatPrompt(model, input, c.req.raw.signal)
    const prompts = [{ ids, maxTokens: roomFor(ids.length, request.maxTokens, model, 'messages') }]
    const logprobs = request.logprobs ? request.topLogprobs : null
    const calls = callMarks(request, syntax)
    const wanted = { prompts, logprobs, promptLogprobs: false, constrain, continues: false, ...(calls && { calls }) }
    const { meta, events } = ask(c, server, serving, request, { ...wanted, prefix: 'chatcmpl' })
    return reply(c, server, { chunks: chatChunks(meta, events), fold: foldChat }, request.stream)
  }
}
