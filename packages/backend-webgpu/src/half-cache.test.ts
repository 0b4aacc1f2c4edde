import { goldenPath, openModel, rowError } from '@tramontane/conformance'
import {
  decode,
  encode,
  reference,
  run,
  type Backend,
  type Override,
  type Program,
  type SubmitOptions,
  type Tensor,
} from '@tramontane/core'
import { beforeAll, expect, it } from 'vitest'
import { useSoftwareAdapter } from './software.fixture.ts'
import { webgpu } from './webgpu.ts'

beforeAll(() => useSoftwareAdapter())

const tokens = Int32Array.from({ length: 80 }, (_, i) => (7 * i) % 97)

async function load(backend: Backend, name: string): Promise<Program> {
  const { graph, weights, close } = await openModel(goldenPath(name))
  return backend.load(graph, weights).finally(() => close())
}

/** All tokens in pieces: a prompt by tiles, then a few at a time. */
async function logits(program: Program, pieces: readonly number[], options: SubmitOptions = {}): Promise<Tensor> {
  const sequence = program.open(tokens.length)
  let from = 0
  let last: Tensor = encode('F64', [0, 0], [])
  for (const length of pieces) {
    const fed = tokens.subarray(from, (from += length))
    last = (await run(program, [{ sequence, tokens: fed, logits: 'last' }], options)).get('logits')!
  }
  sequence.close()
  return last
}

/** In double precision, with every key and value rounded to float16 before it is kept. */
async function rounded(program: Program): Promise<Tensor> {
  const overrides: Override[] = []
  for (const { op, ...node } of program.graph.nodes) {
    if (op !== 'attention') continue
    const { key, value } = node as unknown as { readonly key: string; readonly value: string }
    const sequence = program.open(tokens.length)
    const outputs = [key, value]
    const found = await run(program, [{ sequence, tokens, logits: 'none' }], { outputs, overrides })
    sequence.close()
    for (const output of outputs) {
      const exact = found.get(output)!
      const halves = decode(encode('F16', exact.shape, decode(exact)))
      overrides.push({ node: output, value: encode('F64', exact.shape, halves) })
    }
  }
  return logits(program, [tokens.length], { overrides })
}

// Heads of 8 and 16 numbers run whole passes; those of 12 one op after another.
it.each(['tiny/full', 'tiny/fp8', 'tiny/llama-bias'])(
  '%s: keys and values kept in float16 are those of float32 rounded, and nothing else is',
  async (name) => {
    const exact = await load(reference(), name)
    const halved = await load(await webgpu(undefined, { cache: 'F16' }), name)
    const [plain, expected] = [await logits(exact, [tokens.length]), await rounded(exact)]
    for (const pieces of [[80], [70, 8, 1, 1]]) {
      const found = await logits(halved, pieces)
      // What differs is float32 in one case, and 11 bits against 24 in the other; a value at the edge may round to either side.
      expect(rowError(found, expected)).toBeLessThan(rowError(found, plain) / 10)
    }
    await Promise.all([exact.dispose(), halved.dispose()])
  },
)

it('holds half as many bytes', async () => {
  const [halved, whole] = await Promise.all([webgpu(undefined, { cache: 'F16' }), webgpu()])
  const [a, b] = [await load(halved, 'tiny/full'), await load(whole, 'tiny/full')]
  expect(a.usage().position).toBe(b.usage().position / 2)
  for (const program of [a, b]) await logits(program, [80])
  const [small, large] = [a.open(80), b.open(80)]
  await run(a, [{ sequence: small, tokens, logits: 'none' }])
  await run(b, [{ sequence: large, tokens, logits: 'none' }])
  expect(a.usage().cache).toBe(b.usage().cache / 2)
  await Promise.all([a.dispose(), b.dispose()])
})
