import { channel, InputError, type Port } from '@tramontane/core'
import { expect, test } from 'vitest'
import { Replaceable, type Thread } from './replaceable.ts'

/** Threads that are none: the other end of each is in this one, and hangs or dies when asked to. */
function threads() {
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

test('one thread answers call after call, errors too', async () => {
  const { started, start } = threads()
  const calls = new Replaceable(start, 1000)
  await calls.ready
  expect(await Promise.all([calls.call('number', 0), calls.call('number', 0)])).toEqual([0, 0])
  await expect(calls.call('refuse', 0)).rejects.toBeInstanceOf(InputError)
  expect(await calls.call('number', 0)).toBe(0)
  expect(started.length).toBe(1)
  calls.stop()
})

test('a call that takes too long fails alone: those behind it go to another thread', async () => {
  const { started, start } = threads()
  const calls = new Replaceable(start, 50)
  const slow = calls.call('hang', 0)
  const behind = calls.call('number', 0)
  await expect(slow).rejects.toThrow('encoding the text took longer than 50 ms, and was given up')
  await expect(slow).rejects.toBeInstanceOf(InputError)
  expect(await behind).toBe(1)
  expect(started.map(({ ended }) => ended)).toEqual([true, false])
  calls.stop()
})

test('a thread that dies fails its call, no other, and is replaced', async () => {
  const { start } = threads()
  const calls = new Replaceable(start, 1000)
  const last = calls.call('die', 0)
  const behind = calls.call('number', 0)
  await expect(last).rejects.toThrow('thread 0 has died')
  expect(await behind).toBe(1)
  calls.stop()
})

test('stopping fails what waits, and what is called afterwards', async () => {
  const { start } = threads()
  const calls = new Replaceable(start, 1000)
  const all = [calls.call('hang', 0), calls.call('number', 0)]
  await calls.ready
  calls.stop()
  for (const call of [...all, calls.call('number', 0)]) await expect(call).rejects.toThrow()
})
