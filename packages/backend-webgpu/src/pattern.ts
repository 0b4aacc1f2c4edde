import { inferColumns, type Graph, type NodeOf, type Op } from '@tramontane/core'

/** The nodes of one layer of a Mistral model that have weights or remember. */
export interface Layer {
  readonly norm: NodeOf<'rmsNorm'>
  readonly query: NodeOf<'linear'>
  readonly key: NodeOf<'linear'>
  readonly value: NodeOf<'linear'>
  readonly attention: NodeOf<'attention'>
  readonly output: NodeOf<'linear'>
  readonly mlpNorm: NodeOf<'rmsNorm'>
  readonly gate: NodeOf<'linear'>
  readonly up: NodeOf<'linear'>
  readonly down: NodeOf<'linear'>
}

/** A graph of which is known that it is a Mistral model, as `mistral` in core makes it. */
export interface Pattern {
  /** Of the embedding [V, D]. */
  readonly table: string
  readonly layers: readonly Layer[]
  readonly norm: NodeOf<'rmsNorm'>
  readonly logits: NodeOf<'linear'>
  readonly sizes: Sizes
  readonly frequencies: readonly number[]
  readonly window: number | null
}

export interface Sizes {
  /** Width, query heads, KV heads, numbers of a head, hidden width, rows of the logits. */
  readonly D: number
  readonly H: number
  readonly G: number
  readonly d: number
  readonly F: number
  readonly V: number
}

/** undefined for a graph that is anything else, by a node's op, by what it reads, or by layers that differ in more than weights. */
export function patternOf(graph: Graph): Pattern | undefined {
  try {
    return new Walk(graph).model()
  } catch (error) {
    if (error instanceof Different) return undefined
    throw error
  }
}

class Different extends Error {}

class Walk {
  readonly #graph: Graph
  #at = 0

  constructor(graph: Graph) {
    this.#graph = graph
  }

  model(): Pattern {
    const embedding = this.#next('gather', { rows: 'tokens' })
    let x = embedding.name
    const layers: Layer[] = []
    while (this.#graph.nodes[this.#at]?.op === 'rmsNorm') {
      const { layer, residual } = this.#layer(x)
      layers.push(layer)
      x = residual
    }
    const selected = this.#next('gather', { rows: 'rows', table: x })
    const norm = this.#next('rmsNorm', { x: selected.name })
    const logits = this.#next('linear', { x: norm.name, name: 'logits' })
    if (this.#at !== this.#graph.nodes.length || layers.length === 0) throw new Different()
    return { table: embedding.table, layers, norm, logits, ...this.#shared(layers) }
  }

  #layer(x: string): { readonly layer: Layer; readonly residual: string } {
    const norm = this.#next('rmsNorm', { x })
    const query = this.#next('linear', { x: norm.name })
    const turned = this.#next('rope', { x: query.name })
    const key = this.#next('linear', { x: norm.name })
    const turnedKey = this.#next('rope', { x: key.name })
    const value = this.#next('linear', { x: norm.name })
    const inputs = { query: turned.name, key: turnedKey.name, value: value.name }
    const attention = this.#next('attention', inputs)
    const output = this.#next('linear', { x: attention.name })
    const between = this.#next('add', { a: x, b: output.name })
    const mlpNorm = this.#next('rmsNorm', { x: between.name })
    const gate = this.#next('linear', { x: mlpNorm.name })
    const opened = this.#next('silu', { x: gate.name })
    const up = this.#next('linear', { x: mlpNorm.name })
    const hidden = this.#next('mul', { a: opened.name, b: up.name })
    const down = this.#next('linear', { x: hidden.name })
    const residual = this.#next('add', { a: between.name, b: down.name })
    if (turned.heads !== attention.heads || turnedKey.heads !== attention.kvHeads) throw new Different()
    this.#frequencies.push(turned.frequencies, turnedKey.frequencies)
    return {
      layer: { norm, query, key, value, attention, output, mlpNorm, gate, up, down },
      residual: residual.name,
    }
  }

  readonly #frequencies: (readonly number[])[] = []

  /** What all layers have in common. */
  #shared(layers: readonly Layer[]): Pick<Pattern, 'sizes' | 'frequencies' | 'window'> {
    const columns = inferColumns(this.#graph)
    const sizesOf = ({ query, key, value, attention, gate }: Layer) => {
      const [H, G, d] = [attention.heads, attention.kvHeads, columns.get(query.name)! / attention.heads]
      if (columns.get(key.name) !== G * d || columns.get(value.name) !== G * d) throw new Different()
      return { H, G, d, F: columns.get(gate.name)!, window: attention.window }
    }
    const [first] = layers
    const { window, ...sizes } = sizesOf(first)
    for (const layer of layers) same(sizesOf(layer), { ...sizes, window })
    for (const found of this.#frequencies) same(found, this.#frequencies[0])
    const of = (name: string): number => columns.get(name)!
    return {
      sizes: { ...sizes, D: of(first.norm.name), V: of('logits') },
      frequencies: this.#frequencies[0],
      window,
    }
  }

  /** The next node, which must be of this op and read this. */
  #next<K extends Op>(op: K, reads: Partial<NodeOf<K>>): NodeOf<K> {
    const node = this.#graph.nodes[this.#at++]
    if (node?.op !== op) throw new Different()
    for (const [name, ref] of Object.entries(reads)) if (node[name as keyof typeof node] !== ref) throw new Different()
    return node as NodeOf<K>
  }
}

function same(found: unknown, expected: unknown): void {
  if (JSON.stringify(found) !== JSON.stringify(expected)) throw new Different()
}
