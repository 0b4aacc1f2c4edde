import { createHash } from 'node:crypto'
import { toBytes, type BareModel } from '@tramontane/core'
import type { About } from '../made.ts'

/**
 * Names a model with the program that runs it: the same for the same settings, weights, backend, and versions of the backend
 * and of ours (`version`). Of each weight its spec and first row are looked at, which differ between any two trainings, and
 * not gigabytes.
 */
export async function fingerprint(
  { config, weights }: Pick<BareModel, 'config' | 'weights'>,
  backend: Pick<About, 'name' | 'version'>,
  version: string,
): Promise<string> {
  const hash = createHash('sha256').update(JSON.stringify([backend.name, backend.version, version, config]))
  for (const [name, { dtype, shape }] of weights.specs) {
    const whole = shape.length < 2
    hash.update(JSON.stringify([name, dtype, shape]))
    hash.update(toBytes(await weights.read(name, whole ? undefined : { from: 0, to: 1 })))
  }
  return `fp_${hash.digest('hex').slice(0, 12)}`
}
