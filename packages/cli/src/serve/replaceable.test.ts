import { InputError } from '@tramontane/core'
import { expect, test } from 'vitest'
import { Replaceable } from './replaceable.ts'
import { threads } from './threads.fixture.ts'

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

test('small calls come first, equals in their order', async () => {
  const calls = new Replaceable(threads().start, 1000)
  const order: number[] = []
  const sizes = [5, 9, 1, 5, 0]
  await Promise.all(sizes.map((size, i) => calls.call('number', 0, { size }).then(() => order.push(i))))
  expect(order).toEqual([0, 4, 2, 3, 1])
  calls.stop()
})

test('a call that nobody waits for any more fails at once, and never begins if it has not', async () => {
  const { start } = threads()
  const begun: string[] = []
  const watched = () => {
    const thread = start()
    const { call } = thread
    return Object.assign(thread, {
      call: (method: string, argument: unknown) => (begun.push(method), call(method, argument)),
    })
  }
  const calls = new Replaceable(watched, 50)
  const leaving = new AbortController()
  const { signal } = leaving
  const all = ['hang', 'refuse', 'refuse'].map((method) => calls.call(method, 0, { signal }))
  const behind = calls.call('number', 0)
  await calls.ready
  leaving.abort(new Error('left'))
  for (const call of [...all, calls.call('number', 0, { signal })]) await expect(call).rejects.toThrow('left')
  expect(await behind).toBe(1)
  expect(begun).toEqual(['hang', 'number'])
  calls.stop()
})
