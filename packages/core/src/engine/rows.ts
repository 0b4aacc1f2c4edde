import type { Pass } from '../backend.ts'
import { decode } from '../dtype.ts'
import type { Tensor } from '../tensor.ts'
import type { Found, Part } from './run.ts'

/** Gives the host its turn, if it has had none for a while. */
export type Pause = () => Promise<void> | undefined

/** For work that comes in short pieces, each with a promise that settles before the host can do anything. */
export function pauses(milliseconds: number): Pause {
  let last = performance.now()
  return () => {
    if (performance.now() - last < milliseconds) return undefined
    return new Promise<void>((resolve) => setTimeout(resolve)).then(() => void (last = performance.now()))
  }
}

/** What a pass is asked for: the tokens that follow, the likeliest of those that may, or rows of logits. */
export type Wanted = 'tokens' | 'candidates' | 'rows'

/** Hands out what a pass that has ended has for each part. */
export async function readFound(
  pass: Pass,
  parts: readonly Part[],
  wanted: Wanted,
  pause: Pause,
  take: (part: Part, found: Found) => void,
): Promise<void> {
  for (const [i, part] of parts.entries()) {
    if (part.run.ended) continue
    take(part, part.feed.logits === 'none' ? { rows: [] } : await foundBy(pass, i, wanted))
    await pause()
  }
}

async function foundBy(pass: Pass, feed: number, wanted: Wanted): Promise<Found> {
  if (wanted === 'tokens') return { rows: [], token: await pass.drawn[feed].token }
  if (wanted === 'candidates') return { rows: [], candidates: await pass.candidates(feed) }
  return { rows: rowsOf(await pass.read('logits', feed)) }
}

/** [R, V] → R rows. */
function rowsOf(logits: Tensor): Float64Array[] {
  const [R, V] = logits.shape
  const all = decode(logits)
  return Array.from({ length: R }, (_, r) => all.subarray(r * V, (r + 1) * V))
}
