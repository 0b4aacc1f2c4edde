import { backendCases, judgeText, loadSmollm2 } from '@tramontane/conformance'
import { precisions } from '@tramontane/conformance/bound'
import { decodeTable, tensor, type Tensor } from '@tramontane/core'
import { beforeAll, describe, expect, it } from 'vitest'
import { findTfjs } from './find-runtime.ts'
import type { NodeTensor } from './node-kernels.ts'
import { nodeRuntime, type NodeRuntimeOptions, type NodeTfjs } from './node-runtime.ts'
import { onRuntime } from './on-runtime.ts'
import type { Runtime } from './runtime.ts'

// Fails where there is no tfjs-node: `node scripts/tfjs-node.js` makes one, TRAMONTANE_TFJS_NODE names its folder.
let open: (options?: NodeRuntimeOptions) => Runtime<NodeTensor>
beforeAll(async () => {
  const { tf } = await findTfjs('tfjs-node')
  open = (options) => nodeRuntime(tf as NodeTfjs, options)
})

const profiles = {
  'weights in float32': [{ memory: Infinity }, precisions.f32],
  'weights in 16 bits': [{ memory: 0 }, precisions.f32],
} as const

describe.each(Object.entries(profiles))(
  'tfjs-node, %s, passes the shared cases and leaves no tensor',
  (_, [options, precision]) => {
    it.each(backendCases)('$name [$clause]', async ({ run }) => {
      const runtime = open(options)
      const before = runtime.live()
      await run({ backend: onRuntime(runtime), precision })
      expect(runtime.live()).toBe(before)
    })
  },
)

describe('SmolLM2: logits within the bound, the most likely token wherever that is decidable', () => {
  it.each(['english', 'code', 'script'])('%s', async (text) => {
    const program = await loadSmollm2(onRuntime(open()))
    const { positions, decidable } = await judgeText(program, text, precisions.f32)
    expect(decidable).toBeGreaterThan(0.9 * positions)
    await program.dispose()
  })
})

describe('every code is held exactly in 16 bits', () => {
  it.each(['F8_E4M3', 'F8_E5M2', 'BF16', 'F16'] as const)('%s', async (dtype) => {
    const table = decodeTable(dtype)
    // TensorFlow takes what is below float32's normal numbers for 0.
    const normal = (value: number): boolean => value === 0 || Math.abs(value) >= 2 ** -126
    const finite = Array.from(table.keys()).filter((code) => Number.isFinite(table[code]) && normal(table[code]))
    const data = dtype.startsWith('F8') ? Uint8Array.from(finite) : Uint16Array.from(finite)
    const runtime = open({ memory: 0 })
    const before = runtime.live()
    const matrix = runtime.matrix(tensor(dtype, [finite.length, 1], data as never) as Tensor)
    expect(matrix.bytes).toBe(2 * finite.length)
    const one = runtime.upload(Float32Array.of(1), [1, 1])
    const product = runtime.times(one, matrix)
    expect(Array.from(await runtime.download(product))).toEqual(finite.map((code) => table[code] + 0))
    for (const x of [one, product, matrix.tensor]) runtime.free(x)
    expect(runtime.live()).toBe(before)
  })
})

it('an op that fails says which, with its shapes, and leaves nothing', () => {
  const runtime = open()
  const before = runtime.live()
  const x = runtime.upload(new Float32Array(6), [2, 3])
  expect(() => runtime.matMul(x, x)).toThrow(/MatMul of \[2, 3\] and \[2, 3\]/)
  runtime.free(x)
  expect(runtime.live()).toBe(before)
})

it('any number of shapes may come: small integers that are let go are none that are needed', () => {
  const runtime = open()
  const x = runtime.upload(new Float32Array(10_000), [1, 10_000])
  for (let n = 1; n < 5000; n++) runtime.free(runtime.slice(x, [0, n], [1, n]))
  const same = runtime.concat([x], 1)
  expect(runtime.shape(same)).toEqual([1, 10_000])
  for (const y of [x, same]) runtime.free(y)
})
