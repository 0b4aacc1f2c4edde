import { InputError, mostCandidates, type Candidates } from '@tramontane/core'
import { usageOf, type Prepared, type Recorder } from './recorder.ts'

/** Rows of one dispatch: as many as there is room for among its parameters. */
const rowsAtOnce = 48
/** Numbers that a workgroup looks at, about; workgroups of one row at most, which `top.wgsl` can merge. */
const [stretch, mostParts] = [1024, 64]
/** Of 256 invocations with 16 items each. */
const mostItems = 4096
/** Logits of a row that can be searched. */
export const mostVocabulary = mostParts * mostItems
/** Passes under way at once: what one has drawn is there until the fourth after it draws. */
const slots = 4

/** The logits of a pass on the device. */
export interface Logits {
  readonly buffer: GPUBuffer
  /** Rows at most. */
  readonly rows: number
  /** Numbers between the starts of two rows. */
  readonly stride: number
  readonly vocabulary: number
}

/** Words of what is to be read back. */
export interface Extract {
  readonly buffer: GPUBuffer
  /** Bytes. */
  readonly offset: number
  readonly size: number
}

/** Rows of logits → the token of the largest, or the k largest and their sum, all made once. Spec: [pass.10], [pass.12]. */
export class Top {
  readonly #recorder: Recorder
  readonly #logits: Logits
  readonly #parts: number
  readonly #drawn: GPUBuffer
  readonly #buffers: readonly GPUBuffer[]
  readonly #found: GPUBuffer
  readonly #greedy: readonly [Prepared, Prepared]
  readonly #top: readonly [Prepared, Prepared]
  #slot = 0

  /** @throws {InputError} the vocabulary is larger than the kernels can search */
  constructor(recorder: Recorder, logits: Logits) {
    const { rows, vocabulary } = logits
    this.#recorder = recorder
    this.#logits = logits
    this.#parts = Math.min(mostParts, Math.ceil(vocabulary / stretch))
    if (vocabulary > mostVocabulary) {
      throw new InputError(`top: the vocabulary is ${vocabulary}, expected at most ${mostVocabulary}`)
    }
    const partRows = Math.min(rows, rowsAtOnce) * this.#parts
    const sizes = [4 * slots * 2 * rows, 16 * partRows, 4 * (rows + partRows) * words(mostCandidates)]
    this.#buffers = sizes.map((size) => recorder.create((device) => device.createBuffer({ size, usage: usageOf() })))
    const [drawn, best, found] = this.#buffers
    this.#drawn = drawn
    this.#found = found
    const twice = (kernel: 'greedy' | 'top', buffers: readonly GPUBuffer[]): [Prepared, Prepared] => [
      recorder.prepare({ kernel, constants: { merging: false }, buffers }),
      recorder.prepare({ kernel, constants: { merging: true }, buffers }),
    ]
    this.#greedy = twice('greedy', [logits.buffer, best, drawn])
    this.#top = twice('top', [logits.buffer, found])
  }

  /**
   * Of these rows of the logits. What is to be read back begins with the tokens, a u32 each, in the order of `rows`: from
   * there they can be copied to where a next pass reads its tokens, until three more passes have drawn.
   */
  greedy(rows: readonly number[]): Extract {
    const { rows: most, stride, vocabulary } = this.#logits
    const R = rows.length
    const start = (this.#slot++ % slots) * 2 * most
    this.#inGroups(this.#greedy, rows, (from) => [vocabulary, stride, this.#parts, start + from, start + R + from])
    return { buffer: this.#drawn, offset: 4 * start, size: 4 * 2 * R }
  }

  /** The k ≤ 64 largest of these rows of the logits; to be read back before another call, as far as the device is concerned. */
  largest(rows: readonly number[], k: number): Extract {
    const { rows: most, stride, vocabulary } = this.#logits
    // Records of k and of 64 begin at other places, but there is room for so many of either.
    this.#inGroups(this.#top, rows, (from) => [vocabulary, stride, this.#parts, k, from, most])
    return { buffer: this.#found, offset: 0, size: 4 * rows.length * words(k) }
  }

  destroy(): void {
    for (const buffer of this.#buffers) buffer.destroy()
  }

  #inGroups(
    [search, merge]: readonly [Prepared, Prepared],
    rows: readonly number[],
    params: (from: number) => number[],
  ) {
    for (let from = 0; from < rows.length; from += rowsAtOnce) {
      const group = rows.slice(from, from + rowsAtOnce)
      // An array in a uniform begins at a multiple of 16 bytes: here after the eighth number.
      const all = [...params(from), ...Array<number>(8).fill(0)].slice(0, 8).concat(group)
      this.#recorder.run(search, all, [this.#parts, group.length])
      this.#recorder.run(merge, all, [1, group.length])
    }
  }
}

/** Of the record of a row in `top.wgsl`. */
function words(k: number): number {
  return 2 * k + 4
}

/** What `greedy` left → the tokens of its R rows. @throws {Error} one has a NaN */
export function greedyTokens(read: Uint32Array, R: number): number[] {
  read.subarray(R, 2 * R).forEach(checkNumber)
  return [...read.subarray(0, R)]
}

/** What `largest` left → the candidates of its R rows. @throws {Error} one has a NaN */
export function candidatesFrom(read: Uint32Array, R: number, k: number): Candidates[] {
  return Array.from({ length: R }, (_, row) => {
    const record = read.slice(row * words(k), (row + 1) * words(k))
    const [, , nan, count] = record.subarray(2 * k)
    checkNumber(nan)
    const floats = new Float32Array(record.buffer)
    const [largest, sum] = floats.subarray(2 * k)
    return {
      tokens: record.slice(k, k + count),
      logits: Float64Array.from(floats.subarray(0, count)),
      logSumExp: Number.isFinite(largest) ? largest + Math.log(sum) : largest,
    }
  })
}

/** A kernel tells the complement of the lowest id, 0 for none. */
function checkNumber(nan: number): void {
  if (nan !== 0) throw new Error(`logits: the value of token ${~nan >>> 0} is not a number`)
}
