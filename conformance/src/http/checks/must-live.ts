import type { CheckContext } from '../check.ts'
import { chatText } from '../questions.ts'

/** Still answers what is right. */
export async function mustLive(context: CheckContext): Promise<void> {
  await chatText(context, { max_tokens: 1 })
}
