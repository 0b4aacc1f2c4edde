import { readFile } from 'node:fs/promises'
import type { NoiseFloors } from './bound/index.ts'
import { goldenPath, tinyGoldens } from './goldens.ts'

const texts = ['english', 'code', 'script', 'long', 'long-two-layers']

/** Every golden that has noise floors. */
export const goldens: readonly string[] = [
  ...new Set(tinyGoldens.map(({ golden }) => `tiny/${golden}`)),
  ...texts.map((text) => `smollm2/${text}`),
]

/** The noise floors beside a golden: of a folder (`tiny/full`) or of one text (`smollm2/english`). */
export async function openNoise(golden: string): Promise<NoiseFloors> {
  const file = golden.startsWith('tiny/') ? `${golden}/noise.json` : `${golden}.noise.json`
  return JSON.parse(await readFile(goldenPath(file), 'utf8')) as NoiseFloors
}
