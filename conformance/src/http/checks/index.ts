import type { Check } from '../check.ts'
import { badInput } from './bad-input.ts'
import { completions } from './completions.ts'
import { discovery } from './discovery.ts'
import { keys } from './keys.ts'
import { lengths } from './lengths.ts'
import { load } from './load.ts'
import { logprobs } from './logprobs.ts'
import { numbers } from './numbers.ts'
import { repeatability } from './repeatability.ts'
import { sampling } from './sampling.ts'
import { shape } from './shape.ts'
import { sizes } from './sizes.ts'
import { stopStrings } from './stop-strings.ts'
import { streamForm } from './stream-form.ts'
import { streamText } from './stream-text.ts'
import { usage } from './usage.ts'

/**
 * All checks, by number; docs/http-checks.md says of each what it asserts and why. 30 is done by official clients, and 49
 * to 59 are kept for tools and structured output.
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
  ...badInput,
  ...keys,
  ...sizes,
  ...load,
].sort((a, b) => a.number - b.number)
