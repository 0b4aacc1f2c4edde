export type {
  Capabilities,
  Capability,
  Encoder,
  Fields,
  LoadingServer,
  ServerProcess,
  Validator,
} from './capabilities.ts'
export { idOf, type Check, type CheckContext } from './check.ts'
export { checks } from './checks/index.ts'
export { Client, type ClientOptions, type Reply, type Sent } from './client.ts'
export { EventStreamParser, type StreamEvent } from './event-stream.ts'
export { CheckFailure, Found, NotApplicable } from './found.ts'
export {
  goldenRows,
  writeGoldenModel,
  type Golden,
  type GoldenOptions,
  type GoldenRow,
  type GoldenRows,
} from './golden-model.ts'
export { judgeServer, type JudgeOptions, type Report, type Result } from './judge.ts'
export { tramontane } from './tramontane.ts'
export { reportMarkdown, tally, type Tally } from './report.ts'
export { tinyModel, tinyShape, writeTinyModel, type TinyModelOptions } from './tiny-model.ts'
export { byteModel, writeByteModel, type ByteModelOptions } from './byte-model.ts'
