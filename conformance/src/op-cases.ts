import type { Backend, Graph, Node, Tensor, WeightSource } from '@tramontane/core'
import { assertWithin, captureAll, localBounds, type Captures } from './bound/index.ts'
import type { Case } from './case.ts'
import { questions, type Question } from './op-questions.ts'

/** A graph, its weights and what a backend made of them: all that T1 needs. */
export interface Observation {
  readonly graph: Graph
  readonly weights: WeightSource
  readonly captures: Captures
}

/** Lets a backend answer: the op's result is `result`. */
export async function observe(question: Question, backend: Backend): Promise<Observation> {
  const { tokens, weights, inputs, operation, lengths = [tokens] } = question
  const nodes: Node[] = [
    ...inputs.map((name) => ({ name, op: 'gather' as const, rows: 'tokens', table: `${name}.table` })),
    { name: 'result', ...operation },
    { name: 'selected', op: 'gather', rows: 'rows', table: 'result' },
    { name: 'logits', op: 'add', a: 'selected', b: 'selected' },
  ]
  const source = memory(weights)
  const graph: Graph = { weights: Object.fromEntries(source.specs), nodes }
  const program = await backend.load(graph, source)
  try {
    const ids = Int32Array.from({ length: tokens }, (_, t) => t)
    return { graph, weights: source, captures: await captureAll(program, graph, ids, lengths) }
  } finally {
    await program.dispose()
  }
}

/** Weights that are at hand. A reader may keep or transfer what it gets, so it gets a copy. */
function memory(weights: Readonly<Record<string, Tensor>>): WeightSource {
  return {
    specs: new Map(Object.entries(weights).map(([name, { dtype, shape }]) => [name, { dtype, shape }])),
    async read(name, range) {
      const { dtype, shape, data } = weights[name]
      const { from, to } = range ?? { from: 0, to: shape[0] }
      const width = data.length / shape[0]
      return { dtype, shape: [to - from, ...shape.slice(1)], data: data.slice(from * width, to * width) } as Tensor
    },
  }
}

/** One op at a time, on what makes it go wrong: judged by the bound of the declared precision [tolerance.1]. */
export const opCases: readonly Case[] = questions.map((question) => ({
  name: `op: ${question.name}`,
  clause: question.clause,
  async run({ backend, precision }) {
    const { graph, weights, captures } = await observe(question, backend)
    assertWithin(await localBounds(graph, weights, captures, precision))
  },
}))
