import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { arch, cpus, platform, release, totalmem } from 'node:os'
import { join } from 'node:path'
import { byteLength, type BareModel } from '@tramontane/core'
import type { Report } from './report.ts'

/** What `--json` prints. Members are added; one that changes or goes raises the version. */
export interface BenchDocument extends Report {
  readonly schema: 'tramontane-bench'
  readonly version: 1
  /** ISO 8601, when the run ended. */
  readonly date: string
  readonly environment: Environment
  readonly model: ModelIdentity
}

export interface Environment {
  readonly cpu: string
  readonly cores: number
  /** Bytes. */
  readonly memory: number
  readonly system: string
  readonly node: string
}

export interface ModelIdentity {
  readonly name: string
  readonly weightBytes: number
  /** Of the bytes of the weight files one after the other, in the order of their names. */
  readonly weightsSha256: string
}

export function environment(): Environment {
  const processors = cpus()
  return {
    cpu: processors[0]?.model.trim() ?? 'unknown',
    cores: processors.length,
    memory: totalmem(),
    system: `${platform()} ${release()} ${arch()}`,
    node: process.version,
  }
}

export async function identity(directory: string, { name, checkpoint, weights }: BareModel): Promise<ModelIdentity> {
  const files = new Set([...checkpoint.tensors.keys()].map((tensor) => checkpoint.shard(tensor)))
  const hash = createHash('sha256')
  for (const file of [...files].sort()) {
    for await (const bytes of createReadStream(join(directory, file))) hash.update(bytes as Buffer)
  }
  const weightBytes = [...weights.specs.values()].reduce((sum, spec) => sum + byteLength(spec), 0)
  return { name: name.split('/').at(-1)!, weightBytes, weightsSha256: hash.digest('hex') }
}
