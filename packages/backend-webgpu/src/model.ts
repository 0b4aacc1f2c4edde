import type { NodeOf } from '@tramontane/core'
import type { Layer, Pattern } from './pattern.ts'
import { usageOf, type Recorder } from './recorder.ts'
import { vectorsOf, type Vectors } from './stacks.ts'
import type { Part, Weight } from './weight.ts'

/** Rows of activations have so many numbers: whole loads of codes meet whole quads of x, with zeros behind. */
export function strideOf(columns: number): number {
  return 16 * Math.ceil(columns / 16)
}

/** Linears of the same x, one above the other, with their scales and biases. */
export interface Joint {
  /** Rows of all of them, and columns. */
  readonly N: number
  readonly K: number
  /** 16 bytes each, of a row of codes. */
  readonly loads: number
  /** Buffers of all rows, in their order: one, but for logits that no binding holds. */
  readonly parts: readonly Pick<Part, 'buffer' | 'first' | 'rows'>[]
  readonly vectors: GPUBuffer
  /** 0 for none. */
  readonly biasAt: number
  /** Of each of them: its first row, and the first row of blocks of its scales. */
  readonly segments: Vectors['segments']
  readonly format: number
  readonly scales: Vectors['scales']
}

export interface ModelLayer {
  readonly attention: string
  readonly norm: Norm
  readonly qkv: Joint
  readonly output: Joint
  readonly mlpNorm: Norm
  readonly gateUp: Joint
  readonly down: Joint
}

export interface Norm {
  /** [D], with zeros up to the stride. */
  readonly weight: GPUBuffer
  readonly epsilon: number
}

/** The weights of a Mistral model as the kernels of whole passes read them. */
export class Model {
  readonly pattern: Pattern
  readonly table: Weight
  readonly layers: readonly ModelLayer[]
  readonly norm: Norm
  readonly logits: Joint
  readonly #own: GPUBuffer[] = []
  readonly #recorder: Recorder
  readonly #weights: ReadonlyMap<string, Weight>

  constructor(recorder: Recorder, pattern: Pattern, weights: ReadonlyMap<string, Weight>) {
    this.#recorder = recorder
    this.#weights = weights
    this.pattern = pattern
    this.table = weights.get(pattern.table)!
    this.layers = pattern.layers.map((layer) => this.#layer(layer))
    this.norm = this.#norm(pattern.norm)
    this.logits = this.#joint([pattern.logits])
  }

  dispose(): void {
    for (const buffer of this.#own) buffer.destroy()
  }

  #layer({ attention, norm, query, key, value, output, mlpNorm, gate, up, down }: Layer): ModelLayer {
    return {
      attention: attention.name,
      norm: this.#norm(norm),
      qkv: this.#joint([query, key, value]),
      output: this.#joint([output]),
      mlpNorm: this.#norm(mlpNorm),
      gateUp: this.#joint([gate, up]),
      down: this.#joint([down]),
    }
  }

  #joint(linears: readonly NodeOf<'linear'>[]): Joint {
    const weights = linears.map(({ weight }) => this.#weights.get(weight)!)
    const [first] = weights
    const { values, scales, biasAt, segments } = vectorsOf(linears, this.#weights)
    const N = weights.reduce((sum, { shape }) => sum + shape[0], 0)
    return {
      N,
      K: first.shape[1],
      loads: first.width / first.perLoad,
      parts: first.stack === null ? first.parts : [{ buffer: first.stack.buffer!, first: 0, rows: N }],
      vectors: this.#upload(values),
      biasAt,
      segments,
      format: first.format,
      scales,
    }
  }

  #norm({ weight, epsilon }: NodeOf<'rmsNorm'>): Norm {
    const { values } = this.#weights.get(weight)!
    const filled = new Float32Array(strideOf(values!.length))
    filled.set(values!)
    return { weight: this.#upload(filled), epsilon }
  }

  #upload(values: Float32Array): GPUBuffer {
    const size = Math.max(16, values.byteLength)
    const buffer = this.#recorder.create((device) => device.createBuffer({ size, usage: usageOf() }))
    this.#own.push(buffer)
    this.#recorder.write(buffer, values)
    return buffer
  }
}
