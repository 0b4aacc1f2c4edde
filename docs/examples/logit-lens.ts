import { decode, run, type Model, type Override, type Program } from '@tramontane/core'

/** What a layer would say, were it the last: the likeliest next token, and where the answer stands. */
export interface Guess {
  readonly layer: number
  readonly token: string
  readonly probability: number
  /** 1 for the likeliest token. */
  readonly rank: number
}

/** The final norm and the unembedding, applied to the residual after each layer at the last token of a prompt. */
export async function logitLens(program: Program, model: Model, prompt: string, answer: string): Promise<Guess[]> {
  const { tokenizer, config } = model
  const layers = Array.from({ length: config.layers }, (_, layer) => layer)
  const residual = (layer: number) => `layers.${layer}.mlp.residual`
  const tokens = tokenizer.encode(prompt)
  const last = tokens.subarray(-1)

  // The past is fed once; a fork for every layer shares it.
  const past = program.open(tokens.length)
  await run(program, [{ sequence: past, tokens: tokens.subarray(0, -1), logits: 'none' }])
  const forks = layers.map(() => past.fork())

  // One pass for the residuals, and one in which each fork has another of them for its last.
  const values = await run(program, [{ sequence: past, tokens: last, logits: 'none' }], {
    outputs: layers.map(residual),
  })
  const overrides = layers.map((layer): Override => {
    return { node: residual(config.layers - 1), rows: Int32Array.of(layer), value: values.get(residual(layer))! }
  })
  const feeds = forks.map((sequence) => ({ sequence, tokens: last, logits: 'last' }) as const)
  const logits = decode((await run(program, feeds, { overrides })).get('logits')!)
  for (const sequence of [past, ...forks]) sequence.close()

  return layers.map((layer) => {
    const row = logits.subarray(layer * config.vocabulary, (layer + 1) * config.vocabulary)
    const best = row.indexOf(row.reduce((a, b) => Math.max(a, b)))
    const total = row.reduce((sum, logit) => sum + Math.exp(logit - row[best]), 0)
    const rank = 1 + row.filter((logit) => logit > row[tokenizer.encode(answer)[0]]).length
    return { layer, token: tokenizer.decode([best]), probability: 1 / total, rank }
  })
}
