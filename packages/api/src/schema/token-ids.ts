import { z } from 'zod'
import type { Limits } from './limits.ts'

/** One token's id. */
export const tokenId = ({ vocabulary }: Limits) =>
  z
    .int()
    .min(0)
    .max(vocabulary - 1)

/**
 * Ids of tokens, at most as many as the context has room for. Lists of 10⁵ are usual: they are checked by one loop that
 * stops at the first wrong one, not item by item.
 */
export function tokenIds(limits: Limits, atLeast = 1): z.ZodType<number[]> {
  const error = `expected an integer from 0 to ${limits.vocabulary - 1}`
  const ids = z.array(z.unknown()).min(atLeast).max(limits.context)
  const checked = ids.check(({ value, issues }) => {
    const at = value.findIndex((id) => !isId(id, limits.vocabulary))
    if (at < 0) return
    const place = { path: [at], input: value[at], message: error, continue: false }
    // The type says which of a prompt's forms was meant.
    if (typeof value[at] === 'number') issues.push({ code: 'custom', ...place })
    else issues.push({ code: 'invalid_type', expected: 'int', ...place })
  })
  return checked.meta({
    items: { type: 'integer', minimum: 0, maximum: limits.vocabulary - 1 },
  }) as unknown as z.ZodType<number[]>
}

function isId(id: unknown, vocabulary: number): boolean {
  return Number.isInteger(id) && (id as number) >= 0 && (id as number) < vocabulary
}
