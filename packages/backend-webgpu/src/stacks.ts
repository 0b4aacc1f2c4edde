import { blockSize, type Graph, type NodeOf } from '@tramontane/core'
import type { Pattern } from './pattern.ts'
import { mostVocabulary } from './top.ts'
import { formats, type Place, type Stack, type Weight } from './weight.ts'

/** Of a quad of a head there is a lane in a workgroup of 64. */
const longestHead = 256

/** The linears of each layer that are computed together, in the order of their rows. */
export function together({ layers }: Pattern): NodeOf<'linear'>[][] {
  return layers.flatMap(({ query, key, value, gate, up, output, down }) => [
    [query, key, value],
    [gate, up],
    [output],
    [down],
  ])
}

/**
 * Places for the matrices of a Mistral model so that those that are computed together lie together. undefined where they cannot:
 * matrices of one stack differ in dtype or in the kind of their scales, share a weight, or are together too long for a binding of
 * `limit` bytes; or a head or the vocabulary is larger than the kernels can take.
 */
export function placesOf(graph: Graph, pattern: Pattern, limit: number): ReadonlyMap<string, Place> | undefined {
  if (pattern.sizes.d > longestHead || pattern.sizes.V > mostVocabulary) return undefined
  const places = new Map<string, Place>()
  for (const linears of together(pattern)) {
    const specs = linears.map(({ weight }) => graph.weights[weight])
    const kinds = linears.map(({ scale }) => kindOf(graph, scale))
    const [{ dtype, shape }] = specs
    if (new Set(specs.map((spec) => spec.dtype)).size > 1 || new Set(kinds).size > 1) return undefined
    const rows = specs.reduce((sum, spec) => sum + spec.shape[0], 0)
    const known = formats[dtype === 'F64' ? 'F32' : dtype]
    if (known === undefined || rows * 16 * Math.ceil(shape[1] / known.perLoad) > limit) return undefined
    const stack: Stack = { rows, buffer: null, users: 0 }
    let above = 0
    for (const [i, { weight }] of linears.entries()) {
      if (places.has(weight) || weight === pattern.table || weight === pattern.logits.weight) return undefined
      places.set(weight, { stack, above })
      above += specs[i].shape[0]
    }
  }
  return places
}

/** Of what there is a scale. */
export type ScaleKind = 'none' | 'rows' | 'blocks'

/** Those of a tensor and of rows are the same, for each row has one. */
function kindOf({ weights }: Graph, scale: string | null): ScaleKind {
  if (scale === null) return 'none'
  return weights[scale].shape.length === 2 ? 'blocks' : 'rows'
}

/** Scales and biases of linears that are computed together. */
export interface Vectors {
  /** Scales [N] or those of blocks, one linear's after the other's, then biases [N]. */
  readonly values: Float32Array
  readonly scales: ScaleKind
  /** Where the biases begin; 0 for none. */
  readonly biasAt: number
  /** Where the rows of each linear begin, and the rows of blocks of its scales. */
  readonly segments: readonly { readonly row: number; readonly block: number }[]
}

export function vectorsOf(linears: readonly NodeOf<'linear'>[], weights: ReadonlyMap<string, Weight>): Vectors {
  const rows = linears.map(({ weight }) => weights.get(weight)!.shape[0])
  const scaleValues = linears.map(({ scale }, i) => scalesOf(scale === null ? null : weights.get(scale)!, rows[i]))
  const [{ scale }] = linears
  const kind = scale === null ? 'none' : weights.get(scale)!.shape.length === 2 ? 'blocks' : 'rows'
  const anyBias = linears.some(({ bias }) => bias !== null)
  const biases = linears.map(({ bias }, i) => (bias === null ? new Float32Array(rows[i]) : weights.get(bias)!.values!))
  const segments = rows.map((_, i) => ({
    row: rows.slice(0, i).reduce((a, b) => a + b, 0),
    block: rows.slice(0, i).reduce((a, b) => a + Math.ceil(b / blockSize), 0),
  }))
  // A bias never begins at 0, which says that there is none.
  const before = joined(kind === 'none' ? [new Float32Array(4)] : scaleValues)
  return {
    values: anyBias ? joined([before, ...biases]) : before,
    scales: kind,
    biasAt: anyBias ? before.length : 0,
    segments,
  }
}

function scalesOf(scale: Weight | null, rows: number): Float32Array {
  if (scale === null) return new Float32Array(0)
  return scale.shape.length === 1 && scale.shape[0] === 1
    ? new Float32Array(rows).fill(scale.values![0])
    : scale.values!
}

function joined(parts: readonly Float32Array[]): Float32Array {
  const all = new Float32Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    all.set(part, at)
    at += part.length
  }
  return all
}
