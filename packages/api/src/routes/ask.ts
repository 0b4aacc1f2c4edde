import type { Context } from 'hono'
import type { GenerationSettings } from '../schema/requests.ts'
import type { Serving } from '../serving.ts'
import type { ChoiceEvent } from '../text/choice-text.ts'
import { piped } from '../text/early-return.ts'
import type { Indexed } from '../text/merge.ts'
import type { ReplyMeta } from '../wire/reply-chunks.ts'
import { Tally } from '../wire/usage.ts'
import { answers, type Question } from './answers.ts'
import type { Env, Server } from './server.ts'

type Wanted = Pick<Question, 'prompts' | 'logprobs' | 'promptLogprobs' | 'constrain' | 'continues' | 'calls'> & {
  readonly prefix: string
}

/** Puts the question to the engine; from here on the reply is a matter of reading. */
export function ask(
  c: Context<Env>,
  { price }: Server,
  serving: Serving,
  settings: GenerationSettings,
  { prefix, ...wanted }: Wanted,
): { meta: ReplyMeta; events: AsyncIterable<Indexed<ChoiceEvent>> } {
  const { n, model, stream, includeUsage } = settings
  const promptTokens = wanted.prompts.reduce((sum, { ids }) => sum + ids.length, 0)
  const tally = new Tally({ promptTokens, n, price })
  const events = answers(serving, { ...wanted, settings, owner: c.get('owner'), signal: c.req.raw.signal })
  const { record } = c.env
  record.tally = tally
  const meta = {
    ...{ promptTokens, n, price, tally, model, logprobs: wanted.logprobs },
    id: `${prefix}-${crypto.randomUUID().replaceAll('-', '')}`,
    created: Math.floor(Date.now() / 1000),
    fingerprint: serving.model.fingerprint,
    includeUsage: includeUsage || !stream,
  }
  return { meta, events: piped(events, (source) => timed(source, record.text)) }
}

async function* timed(
  events: AsyncIterable<Indexed<ChoiceEvent>>,
  text: () => void,
): AsyncGenerator<Indexed<ChoiceEvent>> {
  for await (const indexed of events) {
    const { type } = indexed.event
    if (type === 'text' || type === 'call') text()
    yield indexed
  }
}
