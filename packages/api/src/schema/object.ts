import { z } from 'zod'
import type { Limits } from './limits.ts'

/** Makes schemas of objects whose unknown fields are ignored, or refused where the limits say so. */
export function objectOf({ strict }: Pick<Limits, 'strict'>) {
  return <S extends z.core.$ZodLooseShape>(shape: S): z.ZodObject<S> =>
    (strict ? z.strictObject(shape) : z.object(shape)) as z.ZodObject<S>
}
