/** How the frequencies of RoPE are stretched for contexts longer than the training's. Spec: [rope.scaling]. */
export type RopeScaling =
  | { readonly type: 'default' }
  | { readonly type: 'linear'; readonly factor: number }
  | {
      readonly type: 'llama3'
      readonly factor: number
      readonly lowFrequencyFactor: number
      readonly highFrequencyFactor: number
      readonly originalContext: number
    }

/** Radians per position of each rotated pair: θ^(−2i/d), then scaled. → [headDim / 2] */
export function frequencies(headDim: number, theta: number, scaling: RopeScaling): number[] {
  return Array.from({ length: headDim / 2 }, (_, i) => scale(1 / theta ** ((2 * i) / headDim), scaling))
}

function scale(frequency: number, scaling: RopeScaling): number {
  if (scaling.type === 'default') return frequency
  if (scaling.type === 'linear') return frequency / scaling.factor
  const { factor, lowFrequencyFactor: low, highFrequencyFactor: high, originalContext } = scaling
  const turns = (originalContext * frequency) / (2 * Math.PI)
  if (turns > high) return frequency
  if (turns < low) return frequency / factor
  const smooth = (turns - low) / (high - low)
  return ((1 - smooth) * frequency) / factor + smooth * frequency
}

/** Cosines and sines of every position's angles, [T, headDim / 2] each. */
export interface Angles {
  readonly cos: Float64Array
  readonly sin: Float64Array
}

/**
 * The only source of sines and cosines: positions [T] × frequencies [d / 2] → [T, d / 2], in double precision. Shaders
 * and f32 backends receive these numbers; they never compute an angle. Spec: [rope.2].
 */
export function angles(positions: Int32Array, frequencies: readonly number[]): Angles {
  const pairs = frequencies.length
  const cos = new Float64Array(positions.length * pairs)
  const sin = new Float64Array(positions.length * pairs)
  for (let t = 0; t < positions.length; t++) {
    for (let i = 0; i < pairs; i++) {
      cos[t * pairs + i] = Math.cos(positions[t] * frequencies[i])
      sin[t * pairs + i] = Math.sin(positions[t] * frequencies[i])
    }
  }
  return { cos, sin }
}
