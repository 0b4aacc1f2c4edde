import { decode, openSafetensors, type BareModel, type Safetensors, type Tensor } from '@tramontane/core'
import { diskSource, load } from '@tramontane/core/disk'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/** The tiny checkpoints that the shared cases of every backend run. */
export const tinyModels = ['tiny/full', 'tiny/window', 'tiny/fp8'] as const
export type TinyModel = (typeof tinyModels)[number]

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

/** Largest difference of any row, as a share of the expected row's norm; NaN where there is one. Shapes must be equal. */
export function rowError(found: Tensor, expected: Tensor): number {
  if (found.shape.join() !== expected.shape.join()) {
    throw new Error(`found [${found.shape.join(', ')}], expected [${expected.shape.join(', ')}]`)
  }
  const [a, b] = [decode(found), decode(expected)]
  const columns = found.shape.at(-1)!
  let worst = 0
  for (let row = 0; row < a.length; row += columns) {
    let [difference, norm] = [0, 0]
    for (let i = row; i < row + columns; i++) {
      difference = Math.max(difference, Math.abs(a[i] - b[i]))
      norm += b[i] ** 2
    }
    // Math.max keeps a NaN, so that it cannot pass as small.
    worst = Math.max(worst, difference === 0 ? 0 : difference / Math.sqrt(norm))
  }
  return worst
}
