import { decode, run, type Program, type Sequence, type Tensor } from '@tramontane/core'

/** The likeliest token at a position, and how clearly. */
export interface Top {
  readonly id: number
  /** The lead over the second, as a share of the norm of the row of logits. */
  readonly margin: number
}

export interface Verdict {
  /** Positions compared. */
  readonly positions: number
  /** Those of them where the reference's lead is more than `leastMargin` of the row's norm. */
  readonly decidable: number
  /** Decidable positions with the same likeliest token. */
  readonly agreed: number
  /** All of the decidable agree, and there is one. */
  readonly passed: boolean
  /** The first decidable position that does not agree. */
  readonly disagreement: { readonly position: number; readonly expected: number; readonly found: number } | null
}

/** A smaller lead, as a share of the row's norm, decides nothing. */
export const leastMargin = 1e-3

/** Tokens that the gate looks at. */
export const gateTokens = 64

/** The likeliest token after each token of a text, the reference's way: in one pass, or in two halves (`stepped`). */
export async function topTokens(program: Program, text: Int32Array, stepped: boolean): Promise<Top[]> {
  const sequence = program.open(text.length)
  try {
    // The first half as a prompt, the second token by token: backends compute the two in different ways.
    const half = stepped ? Math.ceil(text.length / 2) : text.length
    const found = await tops(program, sequence, text.subarray(0, half))
    for (let t = half; t < text.length; t++) found.push(...(await tops(program, sequence, text.subarray(t, t + 1))))
    return found
  } finally {
    sequence.close()
  }
}

/** Compares the likeliest tokens with the reference's. */
export function judge(found: readonly Top[], expected: readonly Top[]): Verdict {
  const decidable = expected.flatMap(({ margin }, position) => (margin > leastMargin ? [position] : []))
  const wrong = decidable.filter((position) => found[position].id !== expected[position].id)
  return {
    positions: expected.length,
    decidable: decidable.length,
    agreed: decidable.length - wrong.length,
    passed: decidable.length > 0 && wrong.length === 0,
    disagreement:
      wrong.length === 0 ? null : { position: wrong[0], expected: expected[wrong[0]].id, found: found[wrong[0]].id },
  }
}

async function tops(program: Program, sequence: Sequence, tokens: Int32Array): Promise<Top[]> {
  const logits = (await run(program, [{ sequence, tokens, logits: 'all' }])).get('logits')!
  return topsOf(logits)
}

/** [R, V] → R. A row with a NaN has the id −1. */
export function topsOf(logits: Tensor): Top[] {
  const [R, V] = logits.shape
  const values = decode(logits)
  return Array.from({ length: R }, (_, r) => topOf(values.subarray(r * V, (r + 1) * V)))
}

function topOf(row: Float64Array): Top {
  let [id, best, second, squares] = [0, -Infinity, -Infinity, 0]
  for (let v = 0; v < row.length; v++) {
    squares += row[v] * row[v]
    if (row[v] > best) [id, best, second] = [v, row[v], best]
    else if (row[v] > second) second = row[v]
  }
  return Number.isNaN(squares) ? { id: -1, margin: 0 } : { id, margin: (best - second) / Math.sqrt(squares) }
}
