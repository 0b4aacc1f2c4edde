import { channel, InputError, type Port } from '@tramontane/core'
import type { Thread } from './replaceable.ts'

/** Threads that are none: the other end of each is in this one, and hangs or dies when asked to. */
export function threads() {
  const started: { ended: boolean }[] = []
  const start = (): Thread => {
    const { port1, port2 } = new MessageChannel()
    const number = started.length
    const link = channel(port1 as unknown as Port, {})
    const state = { ended: false }
    const die = () => {
      state.ended = true
      link.close(new Error(`thread ${number} has died`))
    }
    channel(port2 as unknown as Port, {
      ready: () => true,
      number: () => number,
      refuse: () => {
        throw new InputError('not like that')
      },
      hang: () => new Promise(() => {}),
      die,
    })
    started.push(state)
    return {
      ready: link.call('ready'),
      call: (method, argument) => link.call(method, argument),
      get ended() {
        return state.ended
      },
      stop: die,
    }
  }
  return { started, start }
}
