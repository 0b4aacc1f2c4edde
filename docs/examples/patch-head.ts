import { capture, decode, run, type Model, type Override, type Program, type Tensor } from '@tramontane/core'

export interface Question {
  readonly prompt: string
  readonly answer: string
}

const names = ['layers.*.attention', 'logits']

/** Variants in a pass: a weight is decoded once for all of them. */
const width = 64

/**
 * For every head: how far the answer moves from the corrupted question's to the clean one's, when the head writes at the
 * last token what it writes in the clean run. 0 is no effect, 1 is all of the way. [layers][heads]
 */
export async function patchHeads(
  program: Program,
  { tokenizer, config }: Model,
  clean: Question,
  corrupted: Question,
): Promise<number[][]> {
  const [right, wrong] = [clean, corrupted].map(({ answer }) => tokenizer.encode(answer)[0])
  const difference = (logits: Float64Array, row: number) =>
    logits[row * config.vocabulary + right] - logits[row * config.vocabulary + wrong]

  const tokens = tokenizer.encode(corrupted.prompt)
  const last = tokens.subarray(-1)
  const runs = [await capture(program, tokenizer.encode(clean.prompt), names), await capture(program, tokens, names)]
  const [top, bottom] = runs.map((values) => difference(decode(values.get('logits')!), tokens.length - 1))
  const [cleanRows, corruptedRows] = runs.map((values) =>
    Array.from({ length: config.layers }, (_, layer) => lastRow(values.get(`layers.${layer}.attention`)!)),
  )

  const past = program.open(tokens.length)
  await run(program, [{ sequence: past, tokens: tokens.subarray(0, -1), logits: 'none' }])
  const variants = cleanRows.flatMap((_, layer) => Array.from({ length: config.heads }, (_, head) => ({ layer, head })))
  const effects: number[][] = cleanRows.map(() => [])
  for (let i = 0; i < variants.length; i += width) {
    // One pass: a fork for each variant feeds the last token again, with its own row of an override.
    const group = variants.slice(i, i + width)
    const forks = group.map(() => past.fork())
    const overrides = group.map(({ layer, head }, row): Override => {
      const data = corruptedRows[layer].slice()
      const from = head * config.headDim
      data.set(cleanRows[layer].subarray(from, from + config.headDim), from)
      const value = { dtype: 'F64', shape: [1, data.length], data } as const
      return { node: `layers.${layer}.attention`, rows: Int32Array.of(row), value }
    })
    const feeds = forks.map((sequence) => ({ sequence, tokens: last, logits: 'last' }) as const)
    const logits = decode((await run(program, feeds, { overrides })).get('logits')!)
    group.forEach(({ layer }, row) => effects[layer].push((difference(logits, row) - bottom) / (top - bottom)))
    for (const fork of forks) fork.close()
  }
  past.close()
  return effects
}

/** [T, C] → [C] */
function lastRow(value: Tensor): Float64Array {
  const columns = value.shape[1]
  return decode(value).slice(-columns)
}
