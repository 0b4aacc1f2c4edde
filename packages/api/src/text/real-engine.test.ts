import { afterAll, expect, it } from 'vitest'
import { tinyServing } from '../tiny-serving.fixture.ts'
import { choiceText } from './choice-text.ts'
import { merge } from './merge.ts'
import { all } from './recorded.fixture.ts'

const { engine, model, close } = await tinyServing({ slots: 1, queue: 4 })
afterAll(close)
const { tokenizer } = model
const prompt = tokenizer.encode('Once upon a time')

/** Where there is one slot, all but one of them wait. */
function choices({ count = 3, maxTokens = 40, stop = [] as readonly string[] } = {}) {
  const sampling = { temperature: 1, seed: 1 }
  const generations = engine.submit(Array.from({ length: count }, () => ({ prompt, maxTokens, sampling })))
  const options = { tokenizer, stop, end: [], continues: true }
  return { generations, events: merge(generations.map((generation) => choiceText(generation, options))) }
}

it.each([0, 1, 5])('frees slots and queue when its reader leaves after %i events', async (reads) => {
  const { generations, events } = choices()
  for (let i = 0; i < reads; i++) await events.next()
  const waiting = events.next().catch(() => {})
  await events.return(undefined)
  await Promise.all([waiting, ...generations.map(({ released }) => released)])
  expect(engine.state()).toMatchObject({ live: 0, waiting: 0 })
})

it('ends at a stop string of which the engine knows nothing, and frees the slot', async () => {
  const plain = await all(choices({ count: 1, maxTokens: 20 }).events)
  const text = plain.map(({ event }) => (event.type === 'text' ? event.text : '')).join('')
  const stop = text.slice(8, 12)
  expect(stop).toHaveLength(4)
  const { generations, events } = choices({ stop: [stop] })
  const found = (await all(events)).filter(({ index }) => index === 0)
  const shown = found.map(({ event }) => (event.type === 'text' ? event.text : '')).join('')
  expect(shown).toBe(text.slice(0, text.indexOf(stop)))
  expect(found.at(-1)!.event).toMatchObject({ type: 'end', reason: 'stop' })
  await Promise.all(generations.map(({ released }) => released))
  expect(engine.state()).toMatchObject({ live: 0, waiting: 0 })
})
