import { ActivationLookup } from './activation-lookup.ts'
import { run, type Override, type Program } from './backend.ts'
import type { Tensor } from './tensor.ts'

export interface CaptureOptions {
  readonly overrides?: readonly Override[]
  readonly signal?: AbortSignal
}

/** Names of activations, in any vocabulary, with every `*` filled in: it stands for anything between two dots. */
export function matchActivations(graph: Program['graph'], names: readonly string[]): string[] {
  const lookup = new ActivationLookup(graph)
  return [...new Set(names.flatMap((name) => lookup.match(name)))]
}

/**
 * Feeds a text [T] to a new sequence and returns the activations that were asked for, under the names that were asked:
 * `layers.*.mlp.residual`, `blocks.*.hook_resid_post` and `l_out-*` give the same values. Each is [T, columns], a pattern
 * [H, T, T]; logits are those of every token. Throws InputError for a name that is none.
 */
export async function capture(
  program: Program,
  tokens: Int32Array,
  names: readonly string[],
  options: CaptureOptions = {},
): Promise<Map<string, Tensor>> {
  const outputs = matchActivations(program.graph, names)
  const sequence = program.open(Math.max(1, tokens.length))
  try {
    return await run(program, [{ sequence, tokens, logits: 'all' }], { ...options, outputs })
  } finally {
    sequence.close()
  }
}
