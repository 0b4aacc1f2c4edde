import type { Context } from 'hono'
import { unsupportedMediaType } from '../errors.ts'
import { readBody, type Limits } from '../limits.ts'
import type { Observer } from '../observer.ts'
import type { RequestRecord } from '../record.ts'
import type { RequestLimits } from '../schema/limits.ts'
import { parseJson } from '../schema/parse.ts'
import type { ServedModel, Serving } from '../serving.ts'
import type { Constraints } from '../structure/constraints.ts'

/** What the routes share. */
export interface Server {
  /** Throws ApiError 503 where there is no model to ask yet, or no more. */
  readonly serving: () => Serving
  /** US dollars per million tokens. */
  readonly price: number
  readonly limits: Limits
  /** What a request may ask of a model; the same object for the same model. */
  readonly requestLimits: (model: ServedModel) => RequestLimits
  /** What answers of a model may be made of; the same object for the same model. */
  readonly constraints: (model: ServedModel) => Constraints
  /** Those who ask need a key. */
  readonly keys: boolean
  readonly observer: Observer | undefined
}

/** Of one request: its record, and whose it is. */
export interface Env {
  Bindings: { record: RequestRecord }
  Variables: { owner: string }
}

/** Answers one request; what it throws is answered as an error. */
export type Handle = (c: Context<Env>) => Response | Promise<Response>

/** A path as OpenAPI writes it, "/v1/models/{id}", and what it answers. */
export interface Route {
  readonly path: string
  readonly GET?: Handle
  readonly POST?: Handle
}

/** The JSON of a request's body. Throws ApiError: 415, 413 or 400. */
export async function bodyOf({ req }: Context<Env>, { limits }: Server): Promise<unknown> {
  const type = req.header('content-type') ?? null
  const encoding = req.header('content-encoding') ?? 'identity'
  if (type === null || !isJson(type)) throw unsupportedMediaType(type)
  if (encoding !== 'identity') throw unsupportedMediaType(`${type}; content-encoding=${encoding}`)
  return parseJson(await readBody(req.raw, limits.body))
}

/** JSON is UTF-8, said or not. */
function isJson(type: string): boolean {
  const [media, ...parameters] = type.toLowerCase().split(';')
  const charset = parameters.map((parameter) => parameter.trim()).find((parameter) => parameter.startsWith('charset='))
  return media.trim() === 'application/json' && (charset === undefined || /^charset="?utf-?8"?$/.test(charset))
}
