import type { Program, Sequence } from '@tramontane/core'

/** A program to be measured, and how it is fed. */
export interface Runner {
  readonly program: Program
  /** Prompt tokens of one pass. */
  readonly chunk: number
  readonly signal: AbortSignal | undefined
}

/** Sizes of the passes that feed so many tokens. */
export function chunks(tokens: number, chunk: number): number[] {
  return Array.from({ length: Math.ceil(tokens / chunk) }, (_, i) => Math.min(chunk, tokens - i * chunk))
}

/**
 * Feeds tokens, a chunk a pass, none waiting for the one before. With `draw` the last pass draws the token that
 * follows. `fed` hears of each pass that has ended.
 */
export async function feedText(
  { program, chunk, signal }: Runner,
  sequence: Sequence,
  tokens: Int32Array,
  draw: boolean,
  fed: (tokens: number) => void = () => {},
): Promise<void> {
  const passes = chunks(tokens.length, chunk).map(async (size, i, all) => {
    const drawing = draw && i === all.length - 1
    const feed = { sequence, tokens: tokens.subarray(i * chunk, i * chunk + size) }
    await program.submit([{ ...feed, logits: drawing ? 'last' : 'none' }], {
      outputs: [],
      ...(drawing && { choose: 'greedy' }),
      ...(signal && { signal }),
    }).done
    fed(i * chunk + size)
  })
  await Promise.all(passes)
}

/** Feeds a token, then each one drawn, `count` passes in all; one pass is always waiting behind the one that runs. */
export async function drawTokens(
  { program, signal }: Runner,
  sequence: Sequence,
  first: Int32Array,
  count: number,
): Promise<void> {
  const options = { outputs: [], choose: 'greedy', ...(signal && { signal }) } as const
  let pass = program.submit([{ sequence, tokens: first, logits: 'last' }], options)
  for (let i = 1; i < count; i++) {
    const next = program.submit([{ sequence, tokens: pass.drawn[0], logits: 'last' }], options)
    await pass.done
    pass = next
  }
  await pass.drawn[0].token
}
