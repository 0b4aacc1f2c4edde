import { tensor } from '@tramontane/core'
import { expect, it } from 'vitest'
import { openDevice } from './device.ts'
import { Recorder } from './recorder.ts'
import { useSoftwareAdapter } from './software.fixture.ts'
import { freeWeight, placeMatrix } from './weight.ts'

it('writes at most 4 MiB at once, and at most 64 MiB before the device is waited for', async () => {
  useSoftwareAdapter()
  const device = await openDevice()
  const recorder = await Recorder.on(device)
  const { queue } = device
  const [write, done] = [queue.writeBuffer.bind(queue), queue.onSubmittedWorkDone.bind(queue)]
  let [sum, most, largest, waits] = [0, 0, 0, 0]
  queue.writeBuffer = (buffer, offset, data, from, size) => {
    const bytes = size ?? data.byteLength
    sum += bytes
    most = Math.max(most, sum)
    largest = Math.max(largest, bytes)
    return write(buffer, offset, data, from, size)
  }
  queue.onSubmittedWorkDone = async () => {
    waits++
    await done()
    sum = 0
  }
  const codes = tensor('F8_E4M3', [1024, 27 * 1024], new Uint8Array(27 * 2 ** 20).fill(0x38))
  for (let i = 0; i < 5; i++) {
    const limit = device.limits.maxStorageBufferBindingSize
    freeWeight(await placeMatrix(recorder, 'weight', codes, limit))
  }
  await recorder.check()
  expect(largest).toBe(4 * 2 ** 20)
  expect(most).toBeLessThanOrEqual(64 * 2 ** 20)
  // For 135 MiB.
  expect(waits).toBe(2)
  recorder.dispose()
})
