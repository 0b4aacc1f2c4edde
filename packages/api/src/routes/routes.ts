import type { Json } from '../schema/components.ts'
import type { RequestLimits } from '../schema/limits.ts'
import { openApi } from '../schema/openapi.ts'
import { chatRoute } from './chat.ts'
import { completionRoute } from './completions.ts'
import { health } from './health.ts'
import { modelRoute, modelsRoute } from './models.ts'
import type { Handle, Route, Server } from './server.ts'
import { detokenizeRoute, tokenizeRoute } from './tokens.ts'

/** What is answered: without a key, and with one where there are keys. */
export function routes(server: Server): { readonly open: readonly Route[]; readonly closed: readonly Route[] } {
  const [chat, completion, models, model] = [
    chatRoute(server),
    completionRoute(server),
    modelsRoute(server),
    modelRoute(server),
  ]
  const openAi = ['/v1', '/v1/openai'].flatMap((base): Route[] => [
    { path: `${base}/chat/completions`, POST: chat },
    { path: `${base}/completions`, POST: completion },
    { path: `${base}/models`, GET: models },
    { path: `${base}/models/{id}`, GET: model },
  ])
  const others: Route[] = [
    { path: '/tokenize', POST: tokenizeRoute(server) },
    { path: '/detokenize', POST: detokenizeRoute(server) },
    { path: '/openapi.json', GET: documentRoute(server) },
  ]
  return {
    open: [{ path: '/health', GET: health(server) }],
    closed: [...openAi, ...others, ...metricsRoutes(server)],
  }
}

/** There is no such route where nobody measures. */
function metricsRoutes({ observer }: Server): Route[] {
  const measured = observer?.metrics?.bind(observer)
  if (measured === undefined) return []
  const metrics: Handle = async (c) => {
    const { contentType, text } = await measured()
    return c.body(text, 200, { 'content-type': contentType })
  }
  return [{ path: '/metrics', GET: metrics }]
}

/** Made once for a model: its limits are in it. */
function documentRoute({ serving, requestLimits, keys, observer }: Server): Handle {
  const known = new WeakMap<RequestLimits, Json>()
  return (c) => {
    const { model } = serving()
    const limits = requestLimits(model)
    const about = { limits, models: model.ids, keys, metrics: observer?.metrics !== undefined }
    if (!known.has(limits)) known.set(limits, openApi(about))
    return c.json(known.get(limits)!)
  }
}
