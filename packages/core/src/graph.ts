import type { Spec } from './tensor.ts'

/** The name of a graph input (`tokens`, `rows`), a weight, or an earlier node. */
export type Ref = string

/**
 * The eight ops of the Mistral family. All values are [rows, columns]; all ops but `attention` treat rows independently.
 * Definitions: docs/spec.md, one clause per op.
 */
export type Operation =
  /** Rows of a table: token ids → embeddings; also picks the rows whose logits are wanted. */
  | { readonly op: 'gather'; readonly rows: Ref; readonly table: Ref }
  /** x / √(mean(x²) + epsilon) · weight */
  | { readonly op: 'rmsNorm'; readonly x: Ref; readonly weight: Ref; readonly epsilon: number }
  /** x · (scale · weight)ᵀ + bias; scale is per tensor [1], per row [N], or per 128×128 block */
  | {
      readonly op: 'linear'
      readonly x: Ref
      readonly weight: Ref
      readonly scale: Ref | null
      readonly bias: Ref | null
    }
  /** Rotates the halves of each head by position · frequency. */
  | { readonly op: 'rope'; readonly x: Ref; readonly heads: number; readonly frequencies: readonly number[] }
  /** Grouped-query causal attention over the sequence so far; the only op with memory. */
  | {
      readonly op: 'attention'
      readonly query: Ref
      readonly key: Ref
      readonly value: Ref
      readonly heads: number
      readonly kvHeads: number
      readonly window: number | null
    }
  /** x · sigmoid(x) */
  | { readonly op: 'silu'; readonly x: Ref }
  | { readonly op: 'mul'; readonly a: Ref; readonly b: Ref }
  | { readonly op: 'add'; readonly a: Ref; readonly b: Ref }

export type Node = { readonly name: string } & Operation
export type Op = Node['op']
export type NodeOf<K extends Op> = Extract<Node, { readonly op: K }>

/** A model as plain data: JSON in, JSON out. Its result is the node named `logits`. */
export interface Graph {
  /** Every weight that the nodes refer to. */
  readonly weights: Readonly<Record<string, Spec>>
  /** In execution order: a node refers only to inputs, weights and nodes before it. */
  readonly nodes: readonly Node[]
}

/** Inputs that every pass feeds: the new token ids, and the indices of the rows whose logits are wanted. */
export const inputs = ['tokens', 'rows'] as const

/** Side of the square blocks of a block-scaled fp8 weight. */
export const blockSize = 128

/** A weight [N, K] → how many blocks cover it, the last of a row or column cut: [⌈N/128⌉, ⌈K/128⌉]. Spec: [fp8.3]. */
export function blockCounts([rows, width]: readonly number[]): [number, number] {
  return [Math.ceil(rows / blockSize), Math.ceil(width / blockSize)]
}

/** The refs a node reads, by the name of the argument. */
export function references(node: Node): Record<string, Ref> {
  switch (node.op) {
    case 'gather':
      return { rows: node.rows, table: node.table }
    case 'rmsNorm':
      return { x: node.x, weight: node.weight }
    case 'linear':
      return {
        x: node.x,
        weight: node.weight,
        ...(node.scale === null ? {} : { scale: node.scale }),
        ...(node.bias === null ? {} : { bias: node.bias }),
      }
    case 'rope':
    case 'silu':
      return { x: node.x }
    case 'attention':
      return { query: node.query, key: node.key, value: node.value }
    case 'mul':
    case 'add':
      return { a: node.a, b: node.b }
  }
}
