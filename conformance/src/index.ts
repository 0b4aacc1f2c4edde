export { backendCases } from './backend-cases.ts'
export type { Case, Subject } from './bench.ts'
export { differenceTable, goldenDifferences, type GoldenDifference } from './golden-differences.ts'
export {
  goldenPath,
  openGolden,
  openModel,
  rowError,
  tinyGoldens,
  tinyModels,
  type TinyGolden,
  type TinyModel,
} from './goldens.ts'
export { openNoise } from './noise-floors.ts'
