import type { Feed, Graph } from '@tramontane/core'
import {
  allOutputs,
  assertWithin,
  captureAll,
  endToEnd,
  endToEndBound,
  localBounds,
  type Captures,
} from './bound/index.ts'
import { distinctModels, logitsOf, tiny, withModel, type Fixture, type Case, type Subject } from './case.ts'
import { part, tinyGoldens } from './goldens.ts'

/** T1 of every node, then T3 of every node that the golden has; its first rows where fewer tokens were fed. */
async function judgeCaptures(subject: Subject, fixture: Fixture, captures: Captures): Promise<void> {
  assertWithin(await localBounds(fixture.graph, fixture.weights, captures, subject.precision))
  const verdicts = []
  for (const [name, found] of captures.values) {
    if (moved(fixture.graph, name)) continue
    const expected = part(await fixture.golden(name), 0, captures.tokens.length)
    verdicts.push(endToEnd(name, found, expected, endToEndBound(fixture.noise, subject.precision, name)))
  }
  assertWithin(verdicts)
}

/** Only moved by a gather: exact by T1, so that no noise floor is needed. */
function moved({ nodes }: Graph, name: string): boolean {
  return nodes.some((node) => node.name === name && node.op === 'gather')
}

const whole: Case[] = tinyGoldens.map((model) => ({
  name: `golden: every activation of tiny/${model.name}`,
  clause: 'tolerance.2',
  run: (subject) =>
    withModel(subject, model, async (fixture) =>
      judgeCaptures(subject, fixture, await captureAll(fixture.program, fixture.graph, fixture.tokens)),
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
    withModel(subject, model, async (fixture) => {
      const lengths = [6, 3, 1, 1, 1, fixture.tokens.length - 12]
      return judgeCaptures(subject, fixture, await captureAll(fixture.program, fixture.graph, fixture.tokens, lengths))
    }),
}))

/** Two sequences in one pass, one of them with a past: what is read of each is its own. */
const ragged: Case[] = ['full', 'window'].map(tiny).map((model) => ({
  name: `golden: every activation of tiny/${model.name}, by feed of a ragged pass`,
  clause: 'pass.5',
  run: (subject) =>
    withModel(subject, model, async ({ program, graph, tokens, noise, golden, open }) => {
      const outputs = allOutputs(graph).filter((name) => !moved(graph, name))
      const [old, fresh] = [open(), open()]
      program.submit([{ sequence: old, tokens: tokens.subarray(0, 5), logits: 'none' }])
      const parts = [
        { sequence: fresh, from: 0, to: 4 },
        { sequence: old, from: 5, to: tokens.length },
      ]
      const feeds = parts.map(({ sequence, from, to }): Feed => {
        return { sequence, tokens: tokens.subarray(from, to), logits: 'all' }
      })
      const pass = program.submit(feeds, { outputs })
      for (const [feed, { from, to }] of parts.entries()) {
        for (const name of outputs) {
          const bound = endToEndBound(noise, subject.precision, name)
          const expected = part(await golden(name), from, to)
          assertWithin([endToEnd(`feed ${feed}, ${name}`, await pass.read(name, feed), expected, bound)])
        }
      }
    }),
}))

/** Just within a window W and just beyond: W, W + 1, 2W and 2W + 1 tokens. */
const windows: Case[] = tinyGoldens.flatMap((model) =>
  (model.lengths ?? []).map((length) => ({
    name: `window: ${length} tokens of tiny/${model.name}, at once and one by one`,
    clause: 'attention.window',
    run: (subject: Subject) =>
      withModel(subject, model, async (fixture) => {
        const { program, graph, tokens } = fixture
        for (const lengths of [[length], Array.from({ length }, () => 1)]) {
          await judgeCaptures(subject, fixture, await captureAll(program, graph, tokens.slice(0, length), lengths))
        }
      }),
  })),
)

/** Numbers against the goldens and against the bound of the declared precision. */
export const numberCases: readonly Case[] = [...whole, ...unseen, ...chunked, ...ragged, ...windows]
