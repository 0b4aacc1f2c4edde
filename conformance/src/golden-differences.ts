import { run, type Backend, type Graph } from '@tramontane/core'
import { allOutputs } from './bound/index.ts'
import { goldenPath, openGolden, openModel, rowError, tinyGoldens, type TinyGolden } from './goldens.ts'
import { loadSmollm2, smollm2Texts, textErrors } from './smollm2-goldens.ts'

/** How far a backend is from one golden. */
export interface GoldenDifference {
  readonly model: string
  /** Number of nodes compared, attention patterns among them. */
  readonly nodes: number
  /** Largest difference of any element, as a share of its row's norm; Infinity where a largest logit is another one. */
  readonly error: number
  /** The node it is in. */
  readonly node: string
}

/** How far a backend is from all goldens of models. Minutes, with the reference. */
export async function goldenDifferences(backend: Backend): Promise<GoldenDifference[]> {
  const found: GoldenDifference[] = []
  for (const golden of tinyGoldens) found.push(await tinyDifference(backend, golden))
  for (const { text, layers } of smollm2Texts) {
    const program = await loadSmollm2(backend, layers)
    found.push({ model: `smollm2/${text}`, nodes: 1, ...worst(await textErrors(program, text)) })
    await program.dispose()
  }
  return found
}

/** Everything of a graph that can be read and that a golden holds: nodes and patterns. */
export function readable(graph: Graph): string[] {
  return allOutputs(graph).filter((name) => name !== 'selected')
}

/** Every activation of a tiny checkpoint. */
export async function tinyDifference(backend: Backend, { name, golden }: TinyGolden): Promise<GoldenDifference> {
  const { graph, weights, close } = await openModel(goldenPath(`tiny/${name}`))
  const expected = await openGolden(`tiny/${golden}/golden.safetensors`)
  const program = await backend.load(graph, weights)
  try {
    const tokens = (await expected.read('tokens')).data as Int32Array
    const outputs = readable(graph)
    const sequence = program.open(tokens.length)
    const found = await run(program, [{ sequence, tokens, logits: 'all' }], { outputs })
    const errors = outputs.map(async (node) => [node, rowError(found.get(node)!, await expected.read(node))] as const)
    return { model: `tiny/${name}`, nodes: outputs.length, ...worst(await Promise.all(errors)) }
  } finally {
    await program.dispose()
    await Promise.all([close(), expected.close()])
  }
}

function worst(errors: readonly (readonly [node: string, error: number])[]): { error: number; node: string } {
  const error = Math.max(...errors.map(([, error]) => error))
  return { error, node: errors.find(([, other]) => Object.is(other, error))![0] }
}

/** A Markdown table. */
export function differenceTable(differences: readonly GoldenDifference[]): string {
  const rows = differences.map((d) => `| ${d.model} | ${d.nodes} | ${d.error.toExponential(1)} | ${d.node} |`)
  return ['| model | nodes | largest row error | in |', '|---|---|---|---|', ...rows].join('\n')
}
