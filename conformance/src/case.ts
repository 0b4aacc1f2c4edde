import {
  run,
  tensor,
  type Backend,
  type Feed,
  type Graph,
  type Program,
  type Sequence,
  type Tensor,
  type WeightSource,
} from '@tramontane/core'
import { endToEndBound, type NoiseFloors, type Precision } from './bound/index.ts'
import { goldenPath, openGolden, openModel, rowError, tinyGoldens, type TinyGolden } from './goldens.ts'
import { openNoise } from './noise-floors.ts'

/** A backend to be judged, by the precision that it declares. */
export interface Subject {
  readonly backend: Backend
  readonly precision: Precision
}

/** One behaviour that every backend must have. Rejects with what was expected and what was found. */
export interface Case {
  readonly name: string
  /** Clause of docs/spec.md. */
  readonly clause: string
  run(subject: Subject): Promise<void>
}

/** A loaded tiny model and the tokens of its golden. */
export interface Fixture {
  readonly program: Program
  /** The graph that was handed to the backend, whatever its program says. */
  readonly graph: Graph
  readonly weights: WeightSource
  readonly tokens: Int32Array
  readonly noise: NoiseFloors
  readonly golden: (name: string) => Promise<Tensor>
  /** Equal to the bit where the backend says so, else within what its precision explains of two computations. */
  readonly same: (found: Tensor, expected: Tensor, what: string) => void
  readonly open: () => Sequence
}

/** A tiny checkpoint by its name. */
export function tiny(name: string): TinyGolden {
  const found = tinyGoldens.find((model) => model.name === name)
  if (found === undefined) throw new Error(`goldens/tiny/index.json: no "${name}"`)
  return found
}

/** Checkpoints with numbers of their own: the others spell the same ones differently. */
export const distinctModels = tinyGoldens.filter(({ name, golden }) => name === golden)

export async function withModel(
  subject: Subject,
  { name, golden: numbers }: TinyGolden,
  body: (fixture: Fixture) => Promise<void>,
): Promise<void> {
  const { graph, weights, close } = await openModel(goldenPath(`tiny/${name}`))
  const golden = await openGolden(`tiny/${numbers}/golden.safetensors`)
  try {
    const program = await subject.backend.load(graph, weights)
    try {
      const noise = await openNoise(`tiny/${numbers}`)
      const tokens = (await golden.read('tokens')).data as Int32Array
      const read = (name: string): Promise<Tensor> => golden.read(name)
      const same: Fixture['same'] = (found, expected, what) => expectSame(subject, noise, found, expected, what)
      await body({ program, graph, weights, tokens, noise, golden: read, same, open: () => program.open(256) })
    } finally {
      await program.dispose()
    }
  } finally {
    await Promise.all([close(), golden.close()])
  }
}

function expectSame(subject: Subject, noise: NoiseFloors, found: Tensor, expected: Tensor, what: string): void {
  const error = rowError(found, expected)
  const bound = subject.backend.batchInvariant ? 0 : logitsBound(subject, noise)
  expect(error <= bound, `${what}: differs by ${error} of a row's norm, at most ${bound} is right`)
}

/** How far the logits of two right computations may be apart, as a share of a row's norm. */
export function logitsBound({ precision }: Subject, noise: NoiseFloors): number {
  return 2 * endToEndBound(noise, precision, 'logits')
}

export function expect(condition: boolean, message: string): void {
  if (!condition) throw new Error(message)
}

export async function expectError(what: string, words: RegExp, action: () => unknown): Promise<void> {
  let found: unknown
  try {
    await action()
  } catch (error) {
    found = error
  }
  expect(
    found instanceof Error && words.test(found.message),
    `${what}: expected an error ${words}, found ${String(found)}`,
  )
}

/** Throws InputError where the numbers are not as many as the shape says. */
export async function logitsOf(program: Program, feed: Feed): Promise<Tensor> {
  const { dtype, shape, data } = (await run(program, [feed])).get('logits')!
  return tensor(dtype, shape, data)
}

/** Rows [from, to) of a tensor [T, C]. Throws InputError where it has fewer. */
export function rows({ dtype, shape: [, columns], data }: Tensor, from: number, to: number): Tensor {
  return tensor(dtype, [to - from, columns], data.slice(from * columns, to * columns))
}
