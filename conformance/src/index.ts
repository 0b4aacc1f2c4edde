export { backendCases, type Case, type Subject } from './backend-cases.ts'
export { goldenPath, openGolden, openModel, rowError, tinyModels, type TinyModel } from './goldens.ts'
