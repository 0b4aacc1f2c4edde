import type { Pass } from '../backend.ts'
import { decode } from '../dtype.ts'
import type { Tensor } from '../tensor.ts'
import type { Part } from './run.ts'

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

/** Hands out what a pass that has ended has for each part: the token drawn on the device, or its rows of logits. */
export async function readRows(
  pass: Pass,
  parts: readonly Part[],
  drawn: boolean,
  pause: Pause,
  take: (part: Part, token: number | undefined, rows: readonly Float64Array[]) => void,
): Promise<void> {
  for (const [i, part] of parts.entries()) {
    if (part.run.ended) continue
    const wanted = part.feed.logits !== 'none'
    const token = drawn && part.draws ? await pass.drawn[i].token : undefined
    take(part, token, drawn || !wanted ? [] : rowsOf(await pass.read('logits', i)))
    await pause()
  }
}

/** [R, V] → R rows. */
function rowsOf(logits: Tensor): Float64Array[] {
  const [R, V] = logits.shape
  const all = decode(logits)
  return Array.from({ length: R }, (_, r) => all.subarray(r * V, (r + 1) * V))
}
