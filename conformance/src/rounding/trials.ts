import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { backendCases } from '../backend-cases.ts'
import { tiny, withModel, type Case } from '../case.ts'
import { captureAll, precisions, type Precision } from '../bound/index.ts'
import { tinyGoldens } from '../goldens.ts'
import { numberCases } from '../number-cases.ts'
import { observe, opCases, type Observation } from '../op-cases.ts'
import { questions } from '../op-questions.ts'
import { roundingBackend } from './backend.ts'
import type { Kernels } from './kernels.ts'

/** Lets a backend answer all questions and compute two tiny models. */
export async function observations(kernels: Kernels, see: (observation: Observation) => Promise<void>): Promise<void> {
  const backend = roundingBackend(kernels)
  for (const question of questions) await see(await observe(question, backend))
  for (const model of ['full', 'fp8'].map(tiny)) {
    await withModel({ backend, precision: precisions.f32 }, model, async ({ program, graph, weights, tokens }) =>
      see({ graph, weights, captures: await captureAll(program, graph, tokens) }),
    )
  }
}

/** Checkpoints that spell the numbers of another differently: nothing new for arithmetic. */
const layouts = tinyGoldens.filter(({ name, golden }) => name !== golden).map(({ name }) => `tiny/${name}`)
const distinct = ({ name }: Case): boolean => !layouts.some((layout) => name.endsWith(layout))
const allCases = backendCases.filter(distinct)

/** The cases that judge numbers, without those of passes, batches and errors. */
export const arithmeticCases = [...numberCases, ...opCases].filter(distinct)

/** The first shared case that a backend fails, and its words; null where it passes all. */
export async function firstFailure(
  kernels: Kernels,
  precision: Precision,
  cases = allCases,
): Promise<readonly [name: string, words: string] | null> {
  const subject = { backend: roundingBackend(kernels), precision }
  for (const { name, run } of cases) {
    try {
      await run(subject)
    } catch (error) {
      return [name, (error as Error).message]
    }
  }
  return null
}

/** Where the tables of the tests stand. */
export const document = fileURLToPath(new URL('../../../docs/tolerances.md', import.meta.url))

/** The document as it should be: tables by name, each between `<!-- NAME -->` and `<!-- /NAME -->`. */
export async function documentWith(tables: Readonly<Record<string, string>>): Promise<string> {
  let text = await readFile(document, 'utf8')
  for (const [name, table] of Object.entries(tables)) {
    const [start, end] = [`<!-- ${name} -->\n`, `\n<!-- /${name} -->`]
    const [from, to] = [text.indexOf(start), text.indexOf(end)]
    if (from < 0 || to < from) throw new Error(`${document}: no ${start.trim()} … ${end.trim()}`)
    text = text.slice(0, from + start.length) + table + text.slice(to)
  }
  return text
}

/** Markdown. */
export function table(head: readonly string[], rows: readonly (readonly (string | number)[])[]): string {
  const line = (cells: readonly (string | number)[]): string => `| ${cells.join(' | ')} |`
  return [line(head), `|${head.map(() => '---|').join('')}`, ...rows.map(line)].join('\n')
}
