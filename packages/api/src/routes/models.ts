import { modelNotFound } from '../errors.ts'
import type { Model, ModelList } from '../schema/responses.ts'
import type { ServedModel } from '../serving.ts'
import type { Handle, Server } from './server.ts'

/** Every name that requests may use. */
export function modelsRoute({ serving }: Server): Handle {
  return (c) => {
    const { model } = serving()
    return c.json({ object: 'list', data: model.ids.map((id) => shown(id, model)) } satisfies ModelList)
  }
}

/** One of them; its slashes may be written as they are or as %2F. */
export function modelRoute({ serving }: Server): Handle {
  return (c) => {
    const { model } = serving()
    const id = c.req.param('id') ?? ''
    checkModel(id, model)
    return c.json(shown(id, model) satisfies Model)
  }
}

function shown(id: string, { created, context }: ServedModel): Model {
  return { id, object: 'model', created, owned_by: 'tramontane', max_model_len: context }
}

/** Throws ApiError 404 for a name that is not one of the model's. */
export function checkModel(id: string, { ids }: ServedModel): void {
  if (!ids.includes(id)) throw modelNotFound(id, ids)
}
