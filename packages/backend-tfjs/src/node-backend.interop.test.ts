import { backendCases, judgeText, loadSmollm2 } from '@tramontane/conformance'
import { precisions } from '@tramontane/conformance/bound'
import { beforeAll, describe, expect, it } from 'vitest'
import { findTfjs } from './find-runtime.ts'
import { nodeRuntime, type NodeRuntimeOptions, type NodeTensor, type NodeTfjs } from './node-runtime.ts'
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
  'profile bf16': [{ profile: 'bf16' }, { ...precisions.bf16, name: 'bf16, products rounded too', product: 2 ** -8 }],
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
