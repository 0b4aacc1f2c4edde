import { backendCases } from '@tramontane/conformance'
import { precisions } from '@tramontane/conformance/bound'
import { beforeAll, describe, expect, it } from 'vitest'
import type { TensorInfo } from './core-runtime.ts'
import { onRuntime } from './on-runtime.ts'
import { realRuntimes } from './real-runtimes.fixture.ts'
import type { Runtime } from './runtime.ts'

let runtimes: Record<'wasm' | 'cpu', Runtime<TensorInfo>>
beforeAll(async () => {
  runtimes = await realRuntimes()
})

describe.each(['wasm', 'cpu'] as const)('tfjs-%s passes the shared cases and leaves no tensor', (name) => {
  it.each(backendCases)('$name [$clause]', async ({ run }) => {
    const runtime = runtimes[name]
    const before = runtime.live()
    await run({ backend: onRuntime(runtime), precision: precisions.f32 })
    expect(runtime.live()).toBe(before)
  })
})

describe('weights that the device has no room for come when they are used', () => {
  const some = backendCases.filter(({ name }) =>
    /^golden: every activation of tiny\/(full|fp8|fp8-block|window)$/.test(name),
  )
  it('there are such cases', () => expect(some.length).toBeGreaterThanOrEqual(3))
  it.each(some)('$name [$clause]', async ({ run }) => {
    const runtime = { ...runtimes.wasm, room: 1000 }
    const before = runtime.live()
    await run({ backend: onRuntime(runtime), precision: precisions.f32 })
    expect(runtime.live()).toBe(before)
  })
})
