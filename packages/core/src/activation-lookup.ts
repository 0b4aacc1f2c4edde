import { activations, layerCount, refusalOf, type Activation } from './activation-names.ts'
import { InputError } from './errors.ts'
import type { Graph } from './graph.ts'

/** Finds the activations of a graph by any of their names. Made when first asked: a pass without names costs nothing. */
export class ActivationLookup {
  readonly #graph: Graph
  #known: ReadonlyMap<string, Activation> | undefined

  constructor(graph: Graph) {
    this.#graph = graph
  }

  /** The activation of a name. `what` begins the InputError that is thrown for a name that is none. */
  find(name: string, what: string): Activation {
    const found = this.#names.get(name)
    if (found !== undefined) return found
    throw new InputError(`${what} "${name}" ${this.#complaint(name)}`)
  }

  /** Every name, in any vocabulary, that a pattern fits; `*` stands for anything between dots. */
  match(pattern: string): string[] {
    if (!pattern.includes('*')) return [pattern]
    const parts = pattern.split('*').map((part) => part.replace(/[\\^$.|?+()[\]{}]/g, '\\$&'))
    const fits = new RegExp(`^${parts.join('[^.]+')}$`)
    const names = [...this.#names.keys()].filter((name) => fits.test(name))
    if (names.length > 0) return names
    const example = pattern.replaceAll('*', '0')
    throw new InputError(`"${pattern}" fits no activation: "${example}" ${this.#complaint(example)}`)
  }

  /** Our own names come first: a graph may call a node as another program calls something else. */
  get #names(): ReadonlyMap<string, Activation> {
    if (this.#known !== undefined) return this.#known
    const all = activations(this.#graph)
    const known = new Map(all.map((activation) => [activation.name, activation]))
    for (const activation of all)
      for (const name of [...activation.transformerLens, ...activation.huggingFace, ...activation.ggml])
        if (!known.has(name)) known.set(name, activation)
    return (this.#known = known)
  }

  #complaint(name: string): string {
    const reason = refusalOf(name)
    if (reason !== undefined) return `cannot be had: ${reason}`
    const layers = layerCount(this.#graph)
    const first = name.replace(/\d+/, '0')
    if (this.#names.has(first)) return `is beyond the model: it has ${layers} layers, from 0 to ${layers - 1}`
    const nearest = this.#nearest(name)
    const hint = nearest === undefined ? '`activations` lists them all' : `did you mean "${nearest}"?`
    return `is not an activation of the model; ${hint}`
  }

  /** The most similar name, if it is similar at all. */
  #nearest(name: string): string | undefined {
    const most = Math.max(2, name.length / 3)
    // Lengths bound the distance from below: a text of any length is not compared with every name.
    const close = [...this.#names.keys()].filter((known) => Math.abs(known.length - name.length) <= most)
    const distances = close.map((known): [string, number] => [known, editDistance(name, known)])
    const [nearest, distance] = distances.reduce((best, next) => (next[1] < best[1] ? next : best), ['', Infinity])
    return distance <= most ? nearest : undefined
  }
}

/** Fewest characters to insert, delete or replace to make b of a (Levenshtein). */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j)
  for (let i = 0; i < a.length; i++) {
    const next = [i + 1]
    for (let j = 0; j < b.length; j++)
      next.push(Math.min(next[j] + 1, row[j + 1] + 1, row[j] + (a[i] === b[j] ? 0 : 1)))
    row = next
  }
  return row[b.length]
}
