import { decode, encode, type Tensor } from '@tramontane/core'
import { assertWithin, capture, endToEnd, endToEndBound, localBounds, type Captures } from './bound/index.ts'
import { distinctModels, logitsOf, withModel, type Bench, type Case, type Subject } from './bench.ts'
import { tinyGoldens } from './goldens.ts'

/** T1 of every node, then T3 of every node that the golden has; its first rows where fewer tokens were fed. */
async function judgeCaptures(subject: Subject, bench: Bench, captures: Captures): Promise<void> {
  assertWithin(await localBounds(bench.graph, bench.weights, captures, subject.precision))
  const verdicts = []
  for (const [name, found] of captures.values) {
    if (bench.graph.nodes.some((node) => node.name === name && node.op === 'gather')) continue
    const expected = beginning(await bench.golden(name), found.shape)
    verdicts.push(endToEnd(name, found, expected, endToEndBound(bench.noise, subject.precision, name)))
  }
  assertWithin(verdicts)
}

/** The first rows of [T, C], the first rows and keys of [H, T, S]: what a causal model says of the first tokens alone. */
function beginning(golden: Tensor, shape: readonly number[]): Tensor {
  const [[T, C], [t, c]] = [golden.shape.slice(-2), shape.slice(-2)]
  if (T === t) return golden
  const values = decode(golden).filter((_, i) => Math.floor(i / C) % T < t && i % C < c)
  return encode('F64', [...golden.shape.slice(0, -2), t, c], values)
}

const whole: Case[] = tinyGoldens.map((model) => ({
  name: `golden: every activation of tiny/${model.name}`,
  clause: 'tolerance.2',
  run: (subject) =>
    withModel(subject, model, async (bench) =>
      judgeCaptures(subject, bench, await capture(bench.program, bench.graph, bench.tokens)),
    ),
}))

/** A backend that fuses computes in another way what nobody asks to see. */
const unseen: Case[] = distinctModels.map((model) => ({
  name: `golden: logits of tiny/${model.name}, asked for alone`,
  clause: 'tolerance.3',
  run: (subject) =>
    withModel(subject, model, async ({ program, tokens, noise, golden, open }) => {
      const found = await logitsOf(program, { sequence: open(), tokens, logits: 'all' })
      const bound = endToEndBound(noise, subject.precision, 'logits')
      assertWithin([endToEnd('logits', found, await golden('logits'), bound)])
    }),
}))

const chunked: Case[] = distinctModels.map((model) => ({
  name: `golden: every activation of tiny/${model.name}, fed in chunks and steps`,
  clause: 'tolerance.2',
  run: (subject) =>
    withModel(subject, model, async (bench) => {
      const lengths = [6, 3, 1, 1, 1, bench.tokens.length - 12]
      return judgeCaptures(subject, bench, await capture(bench.program, bench.graph, bench.tokens, lengths))
    }),
}))

/** Just within a window W and just beyond: W, W + 1, 2W and 2W + 1 tokens. */
const windows: Case[] = tinyGoldens.flatMap((model) =>
  (model.lengths ?? []).map((length) => ({
    name: `window: ${length} tokens of tiny/${model.name}, at once and one by one`,
    clause: 'attention.window',
    run: (subject: Subject) =>
      withModel(subject, model, async (bench) => {
        const { program, graph, tokens } = bench
        for (const lengths of [[length], Array.from({ length }, () => 1)]) {
          await judgeCaptures(subject, bench, await capture(program, graph, tokens.slice(0, length), lengths))
        }
      }),
  })),
)

/** Numbers against the goldens and against the bound of the declared precision. */
export const numberCases: readonly Case[] = [...whole, ...unseen, ...chunked, ...windows]
