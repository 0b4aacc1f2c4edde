import { decode, encode, run, type Graph, type Program, type Tensor } from '@tramontane/core'
import type { Captures } from './local.ts'

/** Every node and every pattern of a graph. */
function allOutputs(graph: Graph): string[] {
  return graph.nodes.flatMap(({ op, name }) => (op === 'attention' ? [name, `${name}.pattern`] : [name]))
}

/**
 * Feeds one sequence in chunks (`lengths`; all in one pass without) and captures every node, with logits at all tokens.
 * What the chunks gave is joined, so that it can be judged as one sequence.
 */
export async function capture(
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
  const values = new Map(outputs.map((name) => [name, joined(chunks.map((chunk) => chunk.get(name)!))]))
  return { tokens, rows: Int32Array.from({ length: tokens.length }, (_, t) => t), values }
}

/** Values [T, C] one below the other; patterns [H, T, S] too, with 0 for the keys that came later. */
function joined(parts: readonly Tensor[]): Tensor {
  if (parts.length === 1) return parts[0]
  const heads = parts[0].shape.length === 3 ? parts[0].shape[0] : 1
  const rows = parts.reduce((sum, { shape }) => sum + shape.at(-2)!, 0)
  const columns = parts.at(-1)!.shape.at(-1)!
  const out = new Float64Array(heads * rows * columns)
  let row = 0
  for (const part of parts) {
    const data = decode(part)
    const [T, C] = part.shape.slice(-2)
    for (let h = 0; h < heads; h++) {
      for (let t = 0; t < T; t++) {
        const source = data.subarray((h * T + t) * C, (h * T + t + 1) * C)
        out.set(source, (h * rows + row + t) * columns)
      }
    }
    row += T
  }
  return encode('F64', parts[0].shape.length === 3 ? [heads, rows, columns] : [rows, columns], out)
}
