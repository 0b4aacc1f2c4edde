import { reference, run, type Program, type Sequence } from '@tramontane/core'
import { load } from '@tramontane/core/disk'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { FilledPast } from './filled-past.ts'
import { benchText } from './text.ts'

async function open(name: string) {
  const folder = fileURLToPath(new URL(`../../../../conformance/goldens/tiny/${name}`, import.meta.url))
  const model = await load(folder, { tokenizer: false })
  const program = await reference().load(model.graph, model.weights)
  await model.close()
  return { program, text: benchText(model, 300) }
}

const logitsOf = async (program: Program, sequence: Sequence, tokens: Int32Array) =>
  (await run(program, [{ sequence, tokens, logits: 'last' }])).get('logits')!.data

// With a window of 5, a past of 200 tokens cannot go back to 20 and must begin anew.
it.each(['full', 'window'])('gives any depth of %s as if it had been fed alone', async (name) => {
  const { program, text } = await open(name)
  const past = new FilledPast({ program, chunk: 16, signal: undefined }, text, 300)
  for (const depth of [0, 10, 4, 200, 20, 210]) {
    const sequence = await past.at(depth)
    expect(sequence.length).toBe(depth)
    const alone = program.open(300)
    const found = await logitsOf(program, sequence, text.subarray(depth, depth + 1))
    expect(found).toEqual(await logitsOf(program, alone, text.subarray(0, depth + 1)))
    sequence.close()
    alone.close()
  }
  past.close()
})

it('feeds a token once, and takes over what somebody else has fed', async () => {
  const { program, text } = await open('full')
  const past = new FilledPast({ program, chunk: 16, signal: undefined }, text, 300)
  const fed: number[] = []
  const note = (tokens: number) => fed.push(tokens)
  for (const depth of [40, 20, 50]) (await past.at(depth, note)).close()
  expect(fed).toEqual([16, 32, 40, 10])
  expect([past.missing(50), past.missing(60)]).toEqual([0, 10])
  const other = program.open(300)
  await run(program, [{ sequence: other, tokens: text.subarray(0, 60), logits: 'none' }])
  past.keep(other)
  expect([past.length, past.missing(60)]).toEqual([60, 0])
  past.close()
})
