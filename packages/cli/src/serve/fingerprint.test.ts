import { load } from '@tramontane/core/disk'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { fingerprint } from './fingerprint.ts'

test('is the same for the same, and another for whatever may give other numbers', async () => {
  const tiny = fileURLToPath(new URL('../../../../conformance/goldens/tiny/full', import.meta.url))
  const model = await load(tiny, { tokenizer: false })
  const node = { name: 'tfjs-node', version: '4.22.0, TensorFlow 2.21.0' }
  const print = (backend: typeof node, version = '0.1.0', { config, weights } = model) =>
    fingerprint({ config, weights }, backend, version)
  try {
    const first = await print(node)
    expect(first).toMatch(/^fp_[0-9a-f]{12}$/)
    expect(await print({ ...node })).toBe(first)
    const others = await Promise.all([
      print({ ...node, name: 'tfjs-wasm' }),
      print({ ...node, version: '4.22.0, TensorFlow 2.9.1' }),
      print(node, '0.1.1'),
      print(node, '0.1.0', { ...model, config: { ...model.config, ropeTheta: 1 } as typeof model.config }),
    ])
    expect(new Set([first, ...others]).size).toBe(5)
  } finally {
    await model.close()
  }
})
