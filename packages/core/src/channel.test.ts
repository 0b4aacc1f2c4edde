import { expect, test } from 'vitest'
import { channel, type Methods, type Port } from './channel.ts'

function ends(there: Methods, here: Methods = {}) {
  const { port1, port2 } = new MessageChannel()
  return [channel(port1 as unknown as Port, here), channel(port2 as unknown as Port, there)] as const
}

test('a call gets its answer, or its error', async () => {
  const fail = () => {
    throw new RangeError('too far')
  }
  const [near] = ends({ double: (x: number) => 2 * x, fail })
  expect(await near.call('double', 21)).toBe(42)
  await expect(near.call('fail')).rejects.toMatchObject({ name: 'RangeError', message: 'too far' })
  await expect(near.call('nothing')).rejects.toThrow()
  near.close()
})

test('closing rejects what waits, and what is called afterwards, with the first reason', async () => {
  const [near] = ends({ hang: () => new Promise(() => {}) })
  const waiting = near.call('hang')
  near.close(new Error('out of memory'))
  near.close(new Error('a second reason'))
  near.tell('hang')
  await expect(waiting).rejects.toThrow('out of memory')
  await expect(near.call('hang')).rejects.toThrow('out of memory')
})

test('what cannot be sent is an error of its call, and of no other', async () => {
  const [near] = ends({ double: (x: number) => 2 * x, give: () => () => 1 })
  await expect(near.call('double', () => 1)).rejects.toMatchObject({ name: 'DataCloneError' })
  await expect(near.call('give')).rejects.toMatchObject({ name: 'DataCloneError' })
  expect(await near.call('double', 1)).toBe(2)
  near.close()
})
