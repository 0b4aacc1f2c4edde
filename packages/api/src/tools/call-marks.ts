import type { CallMarks } from '../text/answer-text.ts'
import type { Conversation, GenerationSettings } from '../schema/requests.ts'
import { callOpen, type Syntax } from './syntax.ts'
import { mayCall, mustCall } from './tool.ts'

/** How calls are found in an answer; undefined where there are none. As OpenAI has it, a call that was asked for by name ends with "stop". */
export function callMarks(
  { tools, format }: Pick<Conversation, 'tools'> & Pick<GenerationSettings, 'format'>,
  syntax: Syntax,
): CallMarks | undefined {
  if (!mayCall(tools)) return undefined
  const finish = typeof tools.choice === 'object' ? 'stop' : 'tool_calls'
  if (mustCall(tools)) return { begin: null, finish }
  // Calls come instead of what has a format: a text that looks like one may be part of that.
  return { begin: syntax.kind === 'native' ? syntax.token : { text: callOpen, isFirst: format !== null }, finish }
}
