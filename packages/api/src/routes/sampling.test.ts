import { afterAll, describe, expect, test } from 'vitest'
import { chatClient } from '../chat-client.fixture.ts'
import { tinyServing } from '../tiny-serving.fixture.ts'
import { choiceSeed } from './seeds.ts'

const tiny = await tinyServing()
afterAll(() => tiny.close())
const { ask, alone } = chatClient(tiny)

describe('sampling', () => {
  const random = { temperature: 1, seed: 41 }

  test('with a seed is what core draws with it', async () => {
    const { text } = await alone(random)
    expect((await ask(random)).choices[0].message.content).toBe(text)
  })

  test('of choice i uses the seed of choice i', async () => {
    const { choices } = await ask({ ...random, n: 3 })
    for (const [i, { index, message }] of choices.entries()) {
      const { text } = await alone({ ...random, seed: choiceSeed(random.seed, i) })
      expect([index, message.content]).toEqual([i, text])
    }
  })

  test('without a seed is another one each time', async () => {
    const texts = [await ask({ temperature: 1 }), await ask({ temperature: 1 })].map(
      ({ choices }) => choices[0].message.content,
    )
    expect(texts[0]).not.toBe(texts[1])
  })

  test('by default is at temperature 1', async () => {
    const { text } = await alone(random)
    expect((await ask({ temperature: undefined, seed: random.seed })).choices[0].message.content).toBe(text)
  })

  test('takes every setting there is', async () => {
    const given = { temperature: 0.7, topP: 0.9, topK: 50, minP: 0.01, frequencyPenalty: 1, presencePenalty: 0.5 }
    const sampling = { ...given, repetitionPenalty: 1.2, bias: new Map([[300, 5]]), seed: 3 }
    const { text } = await alone(sampling)
    const body = {
      ...{ temperature: 0.7, top_p: 0.9, top_k: 50, min_p: 0.01, frequency_penalty: 1, presence_penalty: 0.5 },
      ...{ repetition_penalty: 1.2, logit_bias: { '300': 5 }, seed: 3 },
    }
    expect((await ask(body)).choices[0].message.content).toBe(text)
  })

  test('sixteen choices at once make no noise', async () => {
    const warnings: unknown[] = []
    process.on('warning', (warning) => warnings.push(warning))
    const { choices } = await ask({ n: 16, max_tokens: 2, temperature: 1 })
    await new Promise((resolve) => setTimeout(resolve, 10))
    expect([choices.length, warnings]).toEqual([16, []])
  })
})
