import { goldenPath, openModel, openNoise, rowError } from '@tramontane/conformance'
import { endToEndBound, precisions } from '@tramontane/conformance/bound'
import { decode, encode, reference, run, type Backend, type Tensor } from '@tramontane/core'
import { expect, it } from 'vitest'
import { onRuntime } from './on-runtime.ts'
import { realRuntimes } from './real-runtimes.fixture.ts'

const pattern = 'layers.1.attention.pattern'

/** A step, a prompt of more than one block of queries behind it, and what it is afterwards. */
async function captured(backend: Backend, name: string): Promise<ReadonlyMap<string, Tensor>> {
  const { graph, weights, close } = await openModel(goldenPath(name))
  const program = await backend.load(graph, weights)
  const sequence = program.open(400)
  const feed = (length: number) =>
    ({ sequence, tokens: Int32Array.from({ length }, (_, i) => (11 * i) % 90), logits: 'all' }) as const
  await run(program, [feed(70)])
  const values = await run(program, [feed(300)], { outputs: ['logits', pattern] })
  await program.dispose()
  await close()
  return values
}

/** [H, T, S] as rows [H · T, S] */
function rows(value: Tensor): Tensor {
  const [H, T, S] = value.shape
  return encode('F64', [H * T, S], decode(value))
}

it.each(['tiny/full', 'tiny/window'])('%s: a prompt in blocks of queries, its patterns and logits', async (name) => {
  const { cpu, wasm } = await realRuntimes()
  const expected = await captured(reference(), name)
  for (const runtime of [cpu, wasm]) {
    const found = await captured(onRuntime(runtime), name)
    const noise = await openNoise(name)
    const bound = (node: string): number => 2 * endToEndBound(noise, precisions.f32, node)
    expect(rowError(found.get('logits')!, expected.get('logits')!)).toBeLessThanOrEqual(bound('logits'))
    expect(rowError(rows(found.get(pattern)!), rows(expected.get(pattern)!))).toBeLessThanOrEqual(bound(pattern))
  }
})
