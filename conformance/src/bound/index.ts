/** The bound: how far from right a number may be, from the precision that a backend declares. See docs/tolerances.md. */
export { allOutputs, captureAll } from './captures.ts'
export { decidable, endToEnd, endToEndBound, logitBound, type NoiseFloors } from './end-to-end.ts'
export { checkNode, expectations, localBounds, type Captures } from './local.ts'
export { precisions, type Noise, type Precision } from './precision.ts'
export { assertWithin, describe, judge, type Expected, type Verdict } from './verdict.ts'
