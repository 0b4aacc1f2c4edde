import { encode, run, type Graph, type Program, type Tensor } from '@tramontane/core'
import type { Captures } from './local.ts'
import { numbersOf } from './matrix.ts'

/** Every node and every pattern of a graph. */
export function allOutputs(graph: Graph): string[] {
  return graph.nodes.flatMap(({ op, name }) => (op === 'attention' ? [name, `${name}.pattern`] : [name]))
}

/**
 * Feeds one sequence in chunks (`lengths`; all in one pass without) and captures every node, with logits at all tokens.
 * What the chunks gave is joined, so that it can be judged as one sequence. Throws InputError for a value of another
 * shape than its chunk's.
 */
export async function captureAll(
  program: Program,
  graph: Graph,
  tokens: Int32Array,
  lengths: readonly number[] = [tokens.length],
): Promise<Captures> {
  const outputs = allOutputs(graph)
  const sequence = program.open(tokens.length)
  const chunks: Map<string, Tensor>[] = []
  let from = 0
  for (const length of lengths) {
    const feed = { sequence, tokens: tokens.subarray(from, from + length), logits: 'all' as const }
    chunks.push(await run(program, [feed], { outputs }))
    from += length
  }
  sequence.close()
  const whole = (name: string): Tensor => {
    const parts = chunks.map((chunk) => chunk.get(name)!)
    return joined(name, parts, lengths)
  }
  const values = new Map(outputs.map((name) => [name, whole(name)]))
  return { tokens, rows: Int32Array.from({ length: tokens.length }, (_, t) => t), values }
}

/** Values [T, C] one below the other; patterns [H, T, S] too, with 0 for the keys that came later. */
function joined(name: string, parts: readonly Tensor[], lengths: readonly number[]): Tensor {
  if (parts.length === 1) return parts[0]
  const [columns, ...before] = parts.at(-1)!.shape.toReversed()
  const heads = before[1] ?? 1
  const rows = lengths.reduce((sum, length) => sum + length, 0)
  const out = new Float64Array(heads * rows * columns)
  let row = 0
  for (const [i, part] of parts.entries()) {
    const T = lengths[i]
    const C = before.length === 2 ? row + T : columns
    const data = numbersOf(name, part, before.length === 2 ? [heads, T, C] : [T, C])
    for (let h = 0; h < heads; h++) {
      for (let t = 0; t < T; t++) {
        const source = data.subarray((h * T + t) * C, (h * T + t + 1) * C)
        out.set(source, (h * rows + row + t) * columns)
      }
    }
    row += T
  }
  return encode('F64', before.length === 2 ? [heads, rows, columns] : [rows, columns], out)
}
