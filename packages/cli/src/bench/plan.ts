/** What is measured. */
export interface Plan {
  /** Prompts, in tokens. */
  readonly prompts: readonly number[]
  /** Tokens to generate. */
  readonly generate: number
  /** Tokens that stand before the generated ones; `end` is as far back from the context's end as they need. */
  readonly depths: readonly Depth[]
  /** Sequences that generate together, at the least of the depths. */
  readonly batches: readonly number[]
  readonly repetitions: number
  /** Most seconds for everything; null for as long as it takes. */
  readonly seconds: number | null
}

export type Depth = number | 'end'

/** One thing to measure. */
export interface Case {
  readonly kind: 'prompt' | 'generate'
  /** Tokens fed, or generated, of each sequence. */
  readonly tokens: number
  /** Tokens that a sequence holds before. */
  readonly depth: number
  /** Sequences that generate together, a token of each in a pass; absent: one. */
  readonly batch?: number
}

export const fullPlan: Plan = {
  prompts: [512, 4096],
  generate: 128,
  depths: [0, 4096, 'end'],
  batches: [8],
  repetitions: 3,
  seconds: null,
}

/** Half a minute or so for a small model in the reference. */
export const quickPlan: Plan = {
  prompts: [64],
  generate: 8,
  depths: [0, 64],
  batches: [8],
  repetitions: 2,
  seconds: null,
}

export function caseName({ kind, tokens, depth, batch }: Case): string {
  const count = (n: number) => n.toLocaleString('en-US')
  if (kind === 'prompt') return `prompt ${count(tokens)}`
  return `generate ${count(tokens)} at ${count(depth)}${batch === undefined ? '' : `, batch ${count(batch)}`}`
}

/** The cases that a context has room for, the shortest past first, and a line for each change of the plan. */
export function casesOf(plan: Plan, context: number): { readonly cases: readonly Case[]; readonly notes: string[] } {
  const notes: string[] = []
  const clip = (what: string, wanted: number, most: number) => {
    if (wanted > most) notes.push(`${what} ${wanted} is beyond the context of ${context} tokens: measured at ${most}`)
    return Math.min(wanted, most)
  }
  const tokens = clip('generate', plan.generate, context)
  const end = context - tokens
  const prompts = plan.prompts.map((prompt) => clip('prompt', prompt, context))
  const depths = plan.depths.map((depth) => (depth === 'end' ? end : clip('depth', depth, end)))
  const cases: Case[] = [
    ...[...new Set(prompts)].map((prompt): Case => ({ kind: 'prompt', tokens: prompt, depth: 0 })),
    ...[...new Set(depths)].map((depth): Case => ({ kind: 'generate', tokens, depth })),
    // One sequence is the case above.
    ...[...new Set(plan.batches)]
      .filter((batch) => batch > 1 && depths.length > 0)
      .map((batch): Case => ({ kind: 'generate', tokens, depth: Math.min(...depths), batch })),
  ]
  return {
    cases: cases.toSorted((a, b) => held(a) - held(b) || a.depth - b.depth || sequences(a) - sequences(b)),
    notes,
  }
}

/** Sequences that a case works on together. */
export function sequences({ batch = 1 }: Pick<Case, 'batch'>): number {
  return batch
}

/** Tokens of the text that a case needs in a sequence. */
function held({ kind, tokens, depth }: Case): number {
  return kind === 'prompt' ? tokens : depth
}
