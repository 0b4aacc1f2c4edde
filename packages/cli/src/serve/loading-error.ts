import { ApiError } from '@tramontane/api'

/** What requests, and /health, are told until the model is there. */
export function loadingError(loaded: number, total: number): ApiError {
  const percent = total > 0 ? Math.floor((100 * loaded) / total) : 0
  return notYet(`the model is being loaded, ${percent} % so far: try again later`, 'loading')
}

/** What they are told when the backend has ended by itself and is started again, in `delay` milliseconds. */
export function restartingError(delay: number): ApiError {
  const message = 'what computes has ended by itself, a lost device for example, and is started again: try again later'
  return notYet(message, 'restarting', Math.ceil(delay / 1000))
}

/** `later`: seconds until anything happens; official clients ignore more than 60 in all. */
function notYet(message: string, code: string, later = 0): ApiError {
  const headers = { 'retry-after': String(Math.min(60, later + 5)) }
  return new ApiError(message, { status: 503, type: 'server_error', code, headers })
}
