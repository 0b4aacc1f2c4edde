import type { Check } from '../check.ts'
import { badInput } from './bad-input.ts'
import { badSchemas } from './bad-schemas.ts'
import { badTools } from './bad-tools.ts'
import { completions } from './completions.ts'
import { discovery } from './discovery.ts'
import { jsonAnswers } from './json-answers.ts'
import { keys } from './keys.ts'
import { lengths } from './lengths.ts'
import { load } from './load.ts'
import { logprobs } from './logprobs.ts'
import { numbers } from './numbers.ts'
import { repeatability } from './repeatability.ts'
import { sampling } from './sampling.ts'
import { schemas } from './schemas.ts'
import { shape } from './shape.ts'
import { sizes } from './sizes.ts'
import { stopStrings } from './stop-strings.ts'
import { streamForm } from './stream-form.ts'
import { streamText } from './stream-text.ts'
import { toolCalls } from './tools.ts'
import { toolResults } from './tool-results.ts'
import { toolStream } from './tool-stream.ts'
import { usage } from './usage.ts'

/**
 * All checks, by number; docs/http-checks.md says of each what it asserts and why. 30 is done by official
 * clients.
 */
export const checks: readonly Check[] = [
  ...discovery,
  ...shape,
  ...usage,
  ...completions,
  ...streamForm,
  ...streamText,
  ...stopStrings,
  ...repeatability,
  ...lengths,
  ...sampling,
  ...logprobs,
  ...numbers,
  ...jsonAnswers,
  ...schemas,
  ...badSchemas,
  ...toolCalls,
  ...badTools,
  ...toolStream,
  ...toolResults,
  ...badInput,
  ...keys,
  ...sizes,
  ...load,
].sort((a, b) => a.number - b.number || (a.part ?? '').localeCompare(b.part ?? ''))
