import type { Feed, Program, Sequence } from '@tramontane/core'

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

/**
 * Feeds every sequence a token, then each one drawn, `count` passes of all sequences in all; one pass is always waiting
 * behind the one that runs.
 */
export async function drawTokens(
  { program, signal }: Runner,
  sequences: readonly Sequence[],
  first: Int32Array,
  count: number,
): Promise<void> {
  const options = { outputs: [], choose: 'greedy', ...(signal && { signal }) } as const
  const submit = (tokens: (i: number) => Feed['tokens']) => {
    const feeds = sequences.map((sequence, i): Feed => ({ sequence, tokens: tokens(i), logits: 'last' }))
    return program.submit(feeds, options)
  }
  let pass = submit(() => first)
  for (let i = 1; i < count; i++) {
    const { drawn, done } = pass
    pass = submit((i) => drawn[i])
    await done
  }
  await Promise.all(pass.drawn.map(({ token }) => token))
}
