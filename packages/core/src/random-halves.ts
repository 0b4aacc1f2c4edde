import { philox } from './philox.ts'

/** Two words of key, which part the random numbers of one tensor from those of all others. Spec: [synth.1]. */
export function keyOf(name: string, seed: number): readonly [number, number] {
  const [first, second] = philox([fnv1a(name), 0, 0, 0], [seed >>> 0, Math.floor(seed / 2 ** 32)])
  return [first, second]
}

/** The 32-bit hash of Fowler, Noll and Vo over UTF-8. */
function fnv1a(text: string): number {
  let hash = 0x811c9dc5
  for (const byte of new TextEncoder().encode(text)) hash = Math.imul(hash ^ byte, 0x01000193)
  return hash >>> 0
}

/**
 * Fills `out` with the codes of random 16-bit numbers, of the elements `first`, `first + 1`, … of a tensor; `first` is
 * even. Element e takes the lower half of word ⌊e / 2⌋ where e is even, the upper where it is odd. A word is its own
 * number, hashed under the key. Spec: [synth.2].
 */
export function randomHalves(
  out: Uint8Array | Uint16Array,
  first: number,
  [start, key]: readonly [number, number],
  codes: ArrayLike<number>,
): void {
  const pairs = Math.floor(out.length / 2)
  const from = (start + first / 2) | 0
  for (let i = 0; i < pairs; i++) {
    const word = hash((from + i) | 0, key)
    out[2 * i] = codes[word & 0xffff]
    out[2 * i + 1] = codes[word >>> 16]
  }
  if (out.length % 2 === 1) out[2 * pairs] = codes[hash((from + pairs) | 0, key) & 0xffff]
}

/** Two multiplications between shifts, Wellons' "lowbias32", with a key in the middle. */
function hash(x: number, key: number): number {
  x = Math.imul(x ^ (x >>> 16), 0x21f0aaad)
  x = Math.imul(x ^ (x >>> 15) ^ key, 0xd35a2d97)
  return x ^ (x >>> 15)
}
