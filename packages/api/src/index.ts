export type { Prompts, ServedModel, Serving } from './serving.ts'
export { handler, type HandlerOptions } from './handler.ts'
export { serverLimits, type Limits, type ServerLimits } from './limits.ts'
export type { Observer, RequestEvent } from './observer.ts'
export { prompts } from './prompts.ts'
export { ApiError, type ErrorDetails } from './errors.ts'
export type { RequestLimits } from './schema/limits.ts'
export { openApi, type OpenApiOptions } from './schema/openapi.ts'
export type {
  ChatCompletion,
  ChatCompletionChunk,
  Completion,
  CompletionChunk,
  ErrorBody,
  Model,
  ModelList,
  Usage,
} from './schema/responses.ts'
