import { ApiError } from '@tramontane/api'

/** What requests, and /health, are told until the model is there. */
export function loadingError(loaded: number, total: number): ApiError {
  const percent = total > 0 ? Math.floor((100 * loaded) / total) : 0
  return new ApiError(`the model is being loaded, ${percent} % so far: try again later`, {
    status: 503,
    type: 'server_error',
    code: 'loading',
    headers: { 'retry-after': '5' },
  })
}
