import { expect, test } from 'vitest'
import { servedHandler } from '../served-handler.fixture.ts'
import { tinyServing } from '../tiny-serving.fixture.ts'

test('an engine that fails for good, with the same error each time, refuses one request after the other', async () => {
  const tiny = await tinyServing()
  const { post } = servedHandler(tiny)
  const always = new Error('the worker has ended')
  tiny.program.failure = () => always
  const signal = AbortSignal.timeout(3000)
  for (let i = 0; i < 3; i++) {
    const response = await post('/v1/completions', { model: 'tiny', prompt: 'a', max_tokens: 1 }, { signal })
    expect(response.status).toBe(500)
  }
  await tiny.close()
})
