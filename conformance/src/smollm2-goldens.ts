import { mistral, type Backend, type Config, type Graph, type Program } from '@tramontane/core'
import { fileURLToPath } from 'node:url'
import { endToEndBound, type Precision } from './bound/index.ts'
import { openModel } from './goldens.ts'
import { openNoise } from './noise-floors.ts'
import { answer, choices, errors } from './smollm2-answer.ts'

/** The model whose logits goldens/smollm2 holds. */
const directory = fileURLToPath(new URL('../../models/smollm2-135m-instruct-fp8', import.meta.url))

/** What goldens/smollm2 holds: texts, and of how many layers; all of them without. */
export const smollm2Texts: readonly { readonly text: string; readonly layers?: number }[] = [
  { text: 'english' },
  { text: 'code' },
  { text: 'script' },
  { text: 'long' },
  { text: 'long-two-layers', layers: 2 },
]

/** SmolLM2 on a backend, or as many of its layers, followed by the last norm and the logits. */
export async function loadSmollm2(backend: Backend, layers?: number): Promise<Program> {
  const { config, graph, weights, close } = await openModel(directory)
  try {
    return await backend.load(layers === undefined ? graph : firstLayers(config, graph, layers), weights)
  } finally {
    await close()
  }
}

function firstLayers(config: Config, { weights }: Graph, layers: number): Graph {
  const kept = Object.entries(weights).filter(([name]) => !/^layers\./.test(name) || layerOf(name) < layers)
  return mistral({ ...config, layers }, new Map(kept))
}

const layerOf = (name: string): number => Number(name.split('.')[1])

/**
 * How far the logits of one text are from the golden, as shares of their row's norm: those at the positions that it has
 * in full, and at every `stride`-th position the largest 32 and the log-sum-exp. Infinity where the largest is another.
 */
export async function textErrors(program: Program, text: string, stride = 1): Promise<[string, number][]> {
  const found = await answer(program, text, stride)
  return [...errors(found), ['choice', choices(found, 0).wrong.length > 0 ? Infinity : 0]]
}

/** Of the most likely tokens of a text. */
export interface Choices {
  readonly positions: number
  /** Where the precision decides which token is the largest: there, it is the golden's. */
  readonly decidable: number
}

/**
 * Judges the logits of one text by the precision that their backend declares: every row within T3 [tolerance.3], and the
 * most likely token the golden's wherever that is decidable [tolerance.5]. At every `stride`-th position. Rejects with
 * what is wrong; resolves to how much was decidable.
 */
export async function judgeText(program: Program, text: string, precision: Precision, stride = 1): Promise<Choices> {
  const bound = endToEndBound(await openNoise(`smollm2/${text}`), precision, 'logits')
  const found = await answer(program, text, stride)
  for (const [what, error] of errors(found)) {
    if (!(error <= bound))
      throw new Error(`smollm2/${text}: ${what}: differ by ${error} of a row's norm, bound ${bound}`)
  }
  const { decidable, wrong } = choices(found, bound)
  if (wrong.length > 0) throw new Error(`smollm2/${text}: position ${wrong[0]}: another token is the most likely one`)
  return { positions: found.positions.length, decidable }
}
