import { capture, decode, type Model, type Program } from '@tramontane/core'

export interface Head {
  readonly layer: number
  readonly head: number
}

/** How much of its attention each token of a text gives to each token before it, for some heads. [heads][T][T] */
export async function attentionMaps(
  program: Program,
  { tokenizer }: Model,
  text: string,
  heads: readonly Head[],
): Promise<number[][][]> {
  const tokens = tokenizer.encode(text)
  const name = (layer: number) => `layers.${layer}.attention.pattern`
  const patterns = await capture(
    program,
    tokens,
    heads.map(({ layer }) => name(layer)),
  )
  return heads.map(({ layer, head }) => {
    const pattern = patterns.get(name(layer))! // [H, T, T]
    const shares = decode(pattern)
    const T = tokens.length
    const row = (t: number) => [...shares.subarray((head * T + t) * T, (head * T + t + 1) * T)]
    return Array.from(tokens, (_, t) => row(t))
  })
}
