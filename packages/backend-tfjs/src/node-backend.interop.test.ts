import { backendCases, judgeText, loadSmollm2 } from '@tramontane/conformance'
import { precisions } from '@tramontane/conformance/bound'
import { beforeAll, describe, expect, it } from 'vitest'
import { everything } from './failing.fixture.ts'
import { findTfjs } from './find-runtime.ts'
import { nodeBackend, type Binding } from './node-binding.ts'
import { nodeRuntime, type NodeRuntimeOptions, type NodeTensor, type NodeTfjs } from './node-runtime.ts'
import { onRuntime } from './on-runtime.ts'
import type { Runtime } from './runtime.ts'

// Fails where there is no tfjs-node: `node scripts/tfjs-node.js` makes one, TRAMONTANE_TFJS_NODE names its folder.
let tfjsNode: NodeTfjs
const open = (options?: NodeRuntimeOptions): Runtime<NodeTensor> => nodeRuntime(tfjsNode, options)
beforeAll(async () => {
  tfjsNode = (await findTfjs('tfjs-node')).tf as NodeTfjs
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

describe.each(Object.entries(profiles))('tfjs-node, %s', (_, [options]) => {
  it.each(['tiny/fp8', 'tiny/fp8-block'])(
    '%s: frees everything, wherever TensorFlow runs out of memory',
    async (name) => {
      const whole = bindingThatFails(Infinity)
      await everything(nodeRuntime(whole.tf, options), name)
      for (let n = 1; n <= whole.made(); n++) {
        const runtime = nodeRuntime(bindingThatFails(n).tf, options)
        const before = runtime.live()
        await expect(everything(runtime, name), `tensor ${n}`).rejects.toThrow(/out of memory.*lower `memory`/)
        expect(runtime.live(), `after tensor ${n} of ${whole.made()} failed`).toBe(before)
      }
    },
  )
})

/** tfjs-node, whose n-th tensor TensorFlow has no memory for. */
function bindingThatFails(n: number): { readonly tf: NodeTfjs; made(): number } {
  const { binding } = nodeBackend(tfjsNode)
  let count = 0
  const counted = <A extends unknown[], R>(make: (...inputs: A) => R): ((...inputs: A) => R) => {
    return (...inputs) => {
      if (++count === n) throw new Error('Invalid TF_Status: 8\nMessage: OOM when allocating tensor')
      return make(...inputs)
    }
  }
  const { TF_ATTR_TYPE, TF_ATTR_BOOL, TF_ATTR_INT } = binding
  const wrapped: Binding = {
    ...{ TF_ATTR_TYPE, TF_ATTR_BOOL, TF_ATTR_INT },
    createTensor: counted((...inputs: Parameters<Binding['createTensor']>) => binding.createTensor(...inputs)),
    executeOp: counted((...inputs: Parameters<Binding['executeOp']>) => binding.executeOp(...inputs)),
    deleteTensor: (id) => binding.deleteTensor(id),
    tensorDataSync: (id) => binding.tensorDataSync(id),
    getNumOfTensors: () => binding.getNumOfTensors(),
  }
  return { tf: { backend: () => ({ binding: wrapped }) }, made: () => count }
}
