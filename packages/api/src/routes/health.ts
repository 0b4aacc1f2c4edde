import { unavailable } from '../errors.ts'
import type { Handle, Server } from './server.ts'

/**
 * Whether the engine steps. It answers at once: a pass that takes too long or has failed is known from the engine's state,
 * and when nobody has asked for anything for a while, or the last pass failed, one token is tried behind the reply's back,
 * for the next one to know.
 */
export function health({ serving, limits }: Server): Handle {
  let passes = 0
  let moved = performance.now()
  return (c) => {
    const { engine } = serving()
    const state = engine.state()
    const now = performance.now()
    if (state.passes !== passes) [passes, moved] = [state.passes, now]
    const quiet = state.live + state.waiting === 0
    if (quiet && (state.failure !== undefined || now - moved >= limits.idle)) {
      moved = now
      engine.probe().catch(() => {})
    }
    if (state.passAge > limits.passAge || state.failure !== undefined) throw unavailable('failed')
    return c.json({ status: 'ok' })
  }
}
