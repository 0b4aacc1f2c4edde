/**
 * The transitions of an automaton over `width` symbols, state by state: `next[state · width + symbol]` is a state or −1.
 * State 0 is the start.
 */
export interface Table {
  readonly width: number
  readonly next: Int32Array
  /** [states] 1 where the state is final. */
  readonly final: Uint8Array
}

/** The states that lead to a final one and are led to from `start`, in the order of a breadth-first walk. */
export function trim(table: Table, start = 0): Table {
  const living = leadToFinal(table)
  const number = new Int32Array(table.final.length).fill(-1)
  const order: number[] = []
  const visit = (state: number): void => {
    if (state < 0 || living[state] === 0 || number[state] !== -1) return
    number[state] = order.length
    order.push(state)
  }
  if (table.final.length > 0) visit(start)
  for (let i = 0; i < order.length; i++)
    for (let symbol = 0; symbol < table.width; symbol++) visit(table.next[order[i]! * table.width + symbol]!)
  return renumbered(table, order, number)
}

/** The table of the states in `order`, where `number` says which each of the old ones becomes (−1: none). */
export function renumbered({ width, next, final }: Table, order: ArrayLike<number>, number: Int32Array): Table {
  const moved = new Int32Array(order.length * width)
  for (let i = 0; i < order.length; i++)
    for (let symbol = 0; symbol < width; symbol++) {
      const to = next[order[i]! * width + symbol]!
      moved[i * width + symbol] = to < 0 ? -1 : number[to]!
    }
  return { width, next: moved, final: Uint8Array.from(order, (state) => final[state]!) }
}

/** Transitions by the state they lead to: those to `state` are `edges[first[state]…first[state + 1]]`, as indices into `next`. */
export function inverse({ next, final }: Table): { readonly first: Int32Array; readonly edges: Int32Array } {
  const first = new Int32Array(final.length + 1)
  for (const to of next) if (to >= 0) first[to + 1]!++
  for (let state = 0; state < final.length; state++) first[state + 1]! += first[state]!
  const free = first.slice()
  const edges = new Int32Array(first[final.length]!)
  for (let edge = 0; edge < next.length; edge++) if (next[edge]! >= 0) edges[free[next[edge]!]!++] = edge
  return { first, edges }
}

function leadToFinal(table: Table): Uint8Array {
  const { first, edges } = inverse(table)
  const living = table.final.slice()
  const stack: number[] = []
  living.forEach((final, state) => final === 1 && stack.push(state))
  for (let state = stack.pop(); state !== undefined; state = stack.pop()) {
    for (let i = first[state]!; i < first[state + 1]!; i++) {
      const from = Math.floor(edges[i]! / table.width)
      if (living[from] === 0) stack.push(from)
      living[from] = 1
    }
  }
  return living
}
