import { decodeTable } from './dtype.ts'

/** Random numbers are 16 bits wide. */
const draws = 2 ** 16

/**
 * Codes of a normal distribution with mean 0: that of draw r is the code nearest to `deviation · Φ⁻¹((r + ½) / 2¹⁶)`.
 * Spec: [synth.3]. → [65536]
 */
export function normalCodes(dtype: 'F8_E4M3' | 'BF16', deviation: number): Uint16Array {
  const table = decodeTable(dtype)
  const sign = table.length / 2
  const out = new Uint16Array(draws)
  let code = 0
  // The upper half, outwards from the median; the lower is its mirror image. A draw takes the next code as soon as it
  // lies beyond the middle between two, which is asked of Φ, and so needs no inverse.
  let end = drawsBelow((table[code] + table[code + 1]) / 2 / deviation)
  for (let r = draws / 2; r < draws; r++) {
    while (r + 0.5 > end) {
      code++
      end = drawsBelow((table[code] + table[code + 1]) / 2 / deviation)
    }
    out[r] = code
    out[draws - 1 - r] = sign | code
  }
  return out
}

function drawsBelow(x: number): number {
  return x < 6 ? draws * cumulative(x) : Infinity
}

/** Φ(x), 0 ≤ x < 6: ½ + φ(x) · (x + x³/3 + x⁵/(3·5) + …), Marsaglia, "Evaluating the Normal Distribution" (2004). */
function cumulative(x: number): number {
  let [sum, term] = [x, x]
  for (let i = 3; sum + term !== sum; i += 2) sum += term *= (x * x) / i
  return 0.5 + (sum * Math.exp(-0.5 * x * x)) / Math.sqrt(2 * Math.PI)
}
