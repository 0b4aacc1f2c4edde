export interface ByteLevelOptions {
  /** Pairs that become one token, the first to be tried first: `t h`. */
  readonly merges?: readonly string[]
  /** Words are parted before they are encoded, as GPT-2 does it. */
  readonly byWords?: boolean
}

/** A tokenizer.json of byte-level BPE; ids are places in `tokens`, which begin with the control tokens. */
export function byteLevel(
  control: readonly string[],
  tokens: readonly string[],
  { merges = [], byWords = false }: ByteLevelOptions = {},
) {
  const bytes = { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: byWords }
  return {
    version: '1.0',
    added_tokens: control.map((content, id) => ({ id, content, special: true, normalized: false })),
    normalizer: null,
    pre_tokenizer: bytes,
    post_processor: null,
    decoder: bytes,
    model: { type: 'BPE', vocab: Object.fromEntries(tokens.map((token, id) => [token, id])), merges },
  }
}
