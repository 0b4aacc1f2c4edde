import type { Encoder, Fields } from './capabilities.ts'
import { declared, type CheckContext } from './check.ts'
import { NotApplicable } from './found.ts'

/** The encoder that the server's capabilities name. */
export function encoderOf(context: CheckContext): Encoder {
  const encoder = declared(context, 'encoder')
  return encoder === 'endpoint' ? endpoint(context) : encoder
}

/** POST /tokenize in vLLM's shape. */
function endpoint({ client, model }: CheckContext): Encoder {
  const ask = async (fields: Fields) => (await client.post('/tokenize', { model, ...fields })).mustBe(200).json()
  return {
    async encode(prompt) {
      const reply = await ask({ prompt, add_special_tokens: false })
      return reply
        .get('tokens')
        .list()
        .map((token) => token.count())
    },
    countChat: async (messages) => (await ask({ messages })).get('count').count(),
  }
}

/** The one token that a text is. Throws NotApplicable where it is several. */
export async function tokenOf(encoder: Encoder, text: string): Promise<number> {
  const ids = await encoder.encode(text)
  if (ids.length !== 1) throw new NotApplicable(`${JSON.stringify(text)} is ${ids.length} tokens, and has to be one`)
  return ids[0]!
}
