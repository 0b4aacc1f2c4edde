import { decode, openSafetensors, tensor, type BareModel, type Safetensors, type Tensor } from '@tramontane/core'
import { diskSource, load } from '@tramontane/core/disk'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { endToEnd } from './bound/index.ts'

/** A seeded checkpoint whose activations transformers computed in float64; see conformance/goldens/README.md. */
export interface TinyGolden {
  /** Of its folder in goldens/tiny. */
  readonly name: string
  /** Folder whose golden.safetensors holds the activations: checkpoints that spell the same numbers share one. */
  readonly golden: string
  /** Numbers of tokens at which a window begins to matter; what comes first is the golden's first rows. */
  readonly lengths?: readonly number[]
}

/** All tiny checkpoints, by goldens/tiny/index.json. */
export const tinyGoldens = JSON.parse(readFileSync(goldenPath('tiny/index.json'), 'utf8')) as readonly TinyGolden[]

/** Path of a file or folder of the goldens. */
export function goldenPath(name: string): string {
  return fileURLToPath(new URL(`../goldens/${name}`, import.meta.url))
}

/** A checkpoint folder, without its tokenizer. */
export function openModel(directory: string): Promise<BareModel> {
  return load(directory, { tokenizer: false })
}

export async function openGolden(name: string): Promise<Safetensors> {
  return openSafetensors(await diskSource(goldenPath(name)))
}

/**
 * Largest difference of any row, as a share of the expected row's norm; Infinity where one is not finite. Throws InputError
 * where shapes differ or elements are missing.
 */
export function rowError(found: Tensor, expected: Tensor): number {
  return endToEnd('value', found, expected, 1).ratio
}

/** What tokens [from, to) have of a value [T, C] or of a pattern [H, T, T], of which they see no key from `to` on. */
export function part(value: Tensor, from: number, to: number): Tensor {
  const [T, C] = value.shape.slice(-2)
  if (from === 0 && to === T) return value
  const columns = value.shape.length === 3 ? to : C
  const numbers = decode(value).filter((_, i) => {
    const t = Math.floor(i / C) % T
    return t >= from && t < to && i % C < columns
  })
  return tensor('F64', [...value.shape.slice(0, -2), to - from, columns], numbers)
}
