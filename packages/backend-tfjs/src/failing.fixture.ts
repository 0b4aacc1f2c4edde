import { run, type Program } from '@tramontane/core'
import { goldenPath, openModel } from '@tramontane/conformance'
import { onRuntime } from './on-runtime.ts'
import type { Runtime } from './runtime.ts'

/** What makes tensors, and so may run out of memory. */
const makers = [
  ...['upload', 'matMul', 'add', 'mul', 'silu', 'rsqrt', 'mean', 'softmax', 'reverse', 'reshape', 'transpose', 'slice'],
  ...['concat', 'matrix', 'times'],
] as const

export const noMemory = new Error('out of memory')

/** A runtime whose n-th tensor cannot be made. `made` counts. */
export function failingAt<T>(runtime: Runtime<T>, n: number): { readonly runtime: Runtime<T>; made(): number } {
  let count = 0
  const wrapped = makers.map((name) => {
    const kernel = runtime[name as 'reshape'].bind(runtime)
    const counted: typeof kernel = (...inputs) => {
      if (++count === n) throw noMemory
      return kernel(...inputs)
    }
    return [name, counted]
  })
  return { runtime: { ...runtime, ...Object.fromEntries(wrapped) }, made: () => count }
}

/** Loads, feeds two sequences, a prompt with its patterns and a step of both, cuts one back, and disposes. */
export async function everything<T>(runtime: Runtime<T>, name: string): Promise<void> {
  const { graph, weights, close } = await openModel(goldenPath(name))
  let program: Program | undefined
  try {
    program = await onRuntime(runtime).load(graph, weights)
    const pattern = graph.nodes.find(({ op }) => op === 'attention')!.name
    const [one, two] = [program.open(64), program.open(64)]
    const feed = (sequence: typeof one, length: number) =>
      ({ sequence, tokens: Int32Array.from({ length }, (_, i) => i), logits: 'last' }) as const
    await run(program, [feed(one, 5)], { outputs: ['logits', `${pattern}.pattern`] })
    await run(program, [feed(one, 1), feed(two, 2)])
    const fork = one.fork()
    one.truncate(one.length - 1)
    await run(program, [feed(one, 1), feed(fork, 1)])
  } finally {
    await program?.dispose()
    await close()
  }
}
