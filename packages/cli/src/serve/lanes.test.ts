import { expect, test } from 'vitest'
import { Lanes } from './lanes.ts'
import { threads } from './threads.fixture.ts'

const [short, long] = [{ size: 2 ** 15 }, { size: 2 ** 15 + 1 }]

test('no short call waits for a long one; there is one thread for each, from when it is needed', async () => {
  const { started, start } = threads()
  const lanes = new Lanes(start, 1000)
  await lanes.ready
  expect(started.length).toBe(1)
  const slow = lanes.call('hang', 0, long)
  const behind = lanes.call('number', 0, long)
  expect(await Promise.all([1, 2, 3].map(() => lanes.call('number', 0, short)))).toEqual([0, 0, 0])
  expect(started.length).toBe(2)
  lanes.stop()
  for (const call of [slow, behind, lanes.call('number', 0, short)]) await expect(call).rejects.toThrow()
  expect(started.map(({ ended }) => ended)).toEqual([true, true])
})
