/** log Σ e^x, summed in order; −∞ counts nothing. Throws where there is no number to take it of. Spec: [sampling.2]. */
export function logSumExp(logits: Float64Array): number {
  const largest = largestOf(logits)
  let sum = 0
  for (let i = 0; i < logits.length; i++) sum += Math.exp(logits[i] - largest)
  return largest + Math.log(sum)
}

/** The largest of some logits. Throws where one is NaN, and where the largest is not finite. */
export function largestOf(logits: Float64Array): number {
  let largest = -Infinity
  for (let i = 0; i < logits.length; i++) {
    // Not "greater", so that NaN gets through to the end.
    if (!(logits[i] <= largest)) largest = logits[i]
    if (Number.isNaN(largest)) break
  }
  if (!Number.isFinite(largest)) throw new Error(`logits: the largest is ${largest}, expected a number`)
  return largest
}
