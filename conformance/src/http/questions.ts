import type { CheckContext } from './check.ts'
import type { Fields } from './capabilities.ts'
import type { Reply } from './client.ts'
import type { Found } from './found.ts'
import { readStream, type Streamed } from './streamed.ts'

export const chatPath = '/v1/chat/completions'
export const completionPath = '/v1/completions'

/** A conversation of one message. */
export const say = (content: unknown): Fields => ({ messages: [{ role: 'user', content }] })

/** A short chat without chance in it, but for the fields given. */
export function chatBody({ model }: CheckContext, fields: Fields = {}): Fields {
  return { model, ...say('Tell me about the sea.'), max_tokens: 16, temperature: 0, ...fields }
}

export function completionBody({ model }: CheckContext, fields: Fields = {}): Fields {
  return { model, prompt: 'Once upon a time', max_tokens: 16, temperature: 0, ...fields }
}

/** The reply, whatever its status. */
export function askChat(context: CheckContext, fields: Fields = {}): Promise<Reply> {
  return context.client.post(chatPath, chatBody(context, fields))
}

export function askCompletion(context: CheckContext, fields: Fields = {}): Promise<Reply> {
  return context.client.post(completionPath, completionBody(context, fields))
}

/** The body of a reply that must be 200. */
export async function chat(context: CheckContext, fields: Fields = {}): Promise<Found> {
  return (await askChat(context, fields)).mustBe(200).json()
}

export async function completion(context: CheckContext, fields: Fields = {}): Promise<Found> {
  return (await askCompletion(context, fields)).mustBe(200).json()
}

/** What the first choice says; null counts as nothing said. */
export async function chatText(context: CheckContext, fields: Fields = {}): Promise<string> {
  return contentOf(await chat(context, fields))
}

export async function completionText(context: CheckContext, fields: Fields = {}): Promise<string> {
  return (await completion(context, fields)).get('choices[0].text').string()
}

export function contentOf(reply: Found, choice = 0): string {
  const content = reply.get(`choices[${choice}].message.content`)
  return content.value === null ? '' : content.string()
}

/** What all choices say, by index. */
export function contentsOf(reply: Found): string[] {
  const texts: string[] = []
  for (const choice of reply.get('choices').list()) {
    const content = choice.get('message.content')
    texts[choice.get('index').count()] = content.value === null ? '' : content.string()
  }
  return texts
}

/** A chat as a stream, read to its end. */
export function chatStream(context: CheckContext, fields: Fields = {}): Promise<Streamed> {
  return readStream(context.client, chatPath, chatBody(context, { stream: true, ...fields }))
}

export function completionStream(context: CheckContext, fields: Fields = {}): Promise<Streamed> {
  return readStream(context.client, completionPath, completionBody(context, { stream: true, ...fields }))
}
