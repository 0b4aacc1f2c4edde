import { fileURLToPath } from 'node:url'
import { PassThrough } from 'node:stream'
import { InputError, reference, type BareModel } from '@tramontane/core'
import { load } from '@tramontane/core/disk'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { present, type PresentBackend } from '../worker-backend.ts'
import { toMeasure } from './to-measure.ts'

let model: BareModel
beforeAll(async () => {
  const tiny = fileURLToPath(new URL('../../../../conformance/goldens/tiny/full', import.meta.url))
  model = await load(tiny, { tokenizer: false })
})
afterAll(() => model.close())

const there = present[0]
function missing(error: Error): PresentBackend {
  return { ...there, name: 'absent', find: () => Promise.reject(error) }
}
async function measured(backends: readonly PresentBackend[], asked?: string[]) {
  const stderr = new PassThrough()
  const found = await toMeasure({ stderr }, backends, asked, model)
  return { names: found.map(({ name }) => name), err: String(stderr.read() ?? '') }
}

it('leaves out what is not there, and says so, unless it was asked for', async () => {
  const absent = missing(new InputError('absent: is not installed'))
  expect(await measured([there, absent])).toEqual({
    names: ['reference'],
    err: 'left out: absent: is not installed\n',
  })
  await expect(measured([there, absent], ['absent'])).rejects.toThrow('absent: is not installed')
  expect(await measured([there, absent], ['reference'])).toEqual({ names: ['reference'], err: '' })
})

it('measures some only when asked', async () => {
  const slow = { ...there, name: 'slow', onlyWhenAsked: true }
  expect((await measured([there, slow])).names).toEqual(['reference'])
  expect((await measured([there, slow], ['slow'])).names).toEqual(['slow'])
})

it('hides no fault of a backend that is there', async () => {
  await expect(measured([there, missing(new Error('a bug'))])).rejects.toThrow('a bug')
})

it('finds WebAssembly, which this package depends on', async () => {
  const { names } = await measured(present)
  expect(names[0]).toBe(reference().name)
  expect(names).toContain('tfjs-wasm')
})
