import { InputError, type Tokenizer } from '@tramontane/core'

/**
 * The tokens of a vocabulary by their bytes, as a trie in preorder: the children of a node and all below them come right
 * after it, up to its `end`. Control tokens and tokens without bytes are not in it.
 */
export class TokenTrie {
  /** Highest id + 1. */
  readonly size: number
  /** By node; the root is node 0, and has none of the first two. */
  readonly byte: Uint8Array
  readonly depth: Uint16Array
  readonly end: Uint32Array
  /** Ids ascending by bytes; those of a node run from `first[node]` to `first[node + 1]`. */
  readonly ids: Uint32Array
  readonly first: Uint32Array
  /** Bytes of the longest token. */
  readonly longest: number
  /** The bytes that are a token of their own. */
  readonly single: readonly boolean[]

  readonly #tokens: readonly Uint8Array[]

  /** Bytes by token id. */
  constructor(tokens: readonly Uint8Array[]) {
    this.#tokens = tokens
    this.size = tokens.length
    this.ids = Uint32Array.from(tokens.keys()).filter((id) => tokens[id]!.length > 0)
    this.ids.sort((a, b) => compare(tokens[a]!, tokens[b]!) || a - b)
    this.longest = tokens.reduce((longest, { length }) => Math.max(longest, length), 0)
    const single = new Set(tokens.filter(({ length }) => length === 1).map(([byte]) => byte))
    this.single = Array.from({ length: 256 }, (_, byte) => single.has(byte))

    const nodes = 1 + tokens.reduce((sum, { length }) => sum + length, 0)
    const byte = new Uint8Array(nodes)
    const depth = new Uint16Array(nodes)
    const end = new Uint32Array(nodes)
    const first = new Uint32Array(nodes + 1)
    /** The nodes of the token at hand, by depth. */
    const path = [0]
    let count = 1
    let before: Uint8Array = new Uint8Array(0)
    this.ids.forEach((id, rank) => {
      const token = tokens[id]!
      const shared = common(before, token)
      for (const node of path.splice(shared + 1)) end[node] = count
      for (let at = shared; at < token.length; at++) {
        byte[count] = token[at]!
        depth[count] = at + 1
        first[count] = rank
        path.push(count++)
      }
      before = token
    })
    for (const node of path) end[node] = count
    first[count] = this.ids.length
    this.byte = byte.slice(0, count)
    this.depth = depth.slice(0, count)
    this.end = end.slice(0, count)
    this.first = first.slice(0, count + 1)
  }

  /** A mask of none. */
  noTokens(): Uint32Array {
    return new Uint32Array((this.size + 31) >>> 5)
  }

  /** None for a control token. */
  bytes(id: number): Uint8Array {
    return this.#tokens[id] ?? new Uint8Array(0)
  }
}

/** Adds the tokens that end at a node to a mask. */
export function addTokens({ first, ids }: TokenTrie, node: number, mask: Uint32Array): void {
  for (let i = first[node]!; i < first[node + 1]!; i++) mask[ids[i]! >>> 5]! |= 1 << (ids[i]! & 31)
}

export interface TokenTrieOptions {
  /** Control tokens that grammars may ask for: what templates call them → a byte that no UTF-8 holds, to stand for them. */
  readonly control?: ReadonlyMap<string, number>
}

/**
 * The tokens that stand for bytes. One with a byte that no UTF-8 holds (as byte fallback has) could be part of no text: it
 * is left out, so that nothing but a control token is written as one of these.
 */
export function tokenTrie(
  tokenizer: Pick<Tokenizer, 'size' | 'bytes' | 'control'>,
  { control = new Map() }: TokenTrieOptions = {},
): TokenTrie {
  const none = new Uint8Array(0)
  const written = new Map<number, Uint8Array>()
  for (const [name, id] of tokenizer.control) {
    const byte = control.get(name)
    written.set(id, byte === undefined ? none : Uint8Array.of(byte))
  }
  const text = (id: number): Uint8Array => {
    const bytes = bytesOf(tokenizer, id)
    return bytes.some(isNever) ? none : bytes
  }
  return new TokenTrie(Array.from({ length: tokenizer.size }, (_, id) => written.get(id) ?? text(id)))
}

/** Whether no UTF-8 holds the byte [Unicode, table 3-7]. */
function isNever(byte: number): boolean {
  return byte === 0xc0 || byte === 0xc1 || byte > 0xf4
}

/** A vocabulary may leave ids out. */
function bytesOf(tokenizer: Pick<Tokenizer, 'bytes'>, id: number): Uint8Array {
  try {
    return tokenizer.bytes(id)
  } catch (error) {
    if (error instanceof InputError) return new Uint8Array(0)
    throw error
  }
}

function common(a: Uint8Array, b: Uint8Array): number {
  let length = 0
  while (length < a.length && a[length] === b[length]) length++
  return length
}

function compare(a: Uint8Array, b: Uint8Array): number {
  const shared = common(a, b)
  return shared === a.length || shared === b.length ? a.length - b.length : a[shared]! - b[shared]!
}
