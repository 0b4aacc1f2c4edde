import { expect, it } from 'vitest'
import { tokenLogprobs } from './logprobs.ts'
import { sample } from './sample.ts'

// Expected values: torch.log_softmax and torch.topk of PyTorch 2.13.0 in float64, on the CPU.
const logits = Float64Array.of(0.5, -1.25, 3, 3, -Infinity, 2.75, -700)
const expected = [
  -3.5561048522286463,
  -5.306104852228646,
  -1.0561048522286465,
  -1.0561048522286465,
  -Infinity,
  -1.3061048522286465,
  -704.0561048522286,
]

it('gives the natural log-probability of any token', () => {
  expected.forEach((logprob, token) => {
    expect(tokenLogprobs(logits, token, 0)).toEqual({
      logprob: logprob === -Infinity ? logprob : expect.closeTo(logprob, 12),
      likeliest: [],
    })
  })
})

it('gives the likeliest, lower ids first among equals, and no more than there are', () => {
  const tokens = (count: number): number[] => tokenLogprobs(logits, 0, count).likeliest.map(({ token }) => token)
  expect(tokens(1)).toEqual([2])
  expect(tokens(4)).toEqual([2, 3, 5, 0])
  expect(tokens(9)).toEqual([2, 3, 5, 0, 1, 6, 4])
  for (const { token, logprob } of tokenLogprobs(logits, 0, 6).likeliest) expect(logprob).toBeCloseTo(expected[token])
})

it('keeps its precision where exponentials overflow', () => {
  // log 1 / (1 + e^−½), by hand; torch says the same.
  const { logprob } = tokenLogprobs(Float64Array.of(700, -700, 699.5), 0, 0)
  expect(logprob).toBeCloseTo(-Math.log1p(Math.exp(-0.5)), 12)
  expect(logprob).toBeCloseTo(-0.4740769841801067, 12)
})

it('over a whole vocabulary', () => {
  const V = 49152
  const many = Float64Array.from({ length: V }, (_, i) => (((i * 7919) % V) / V) * 20 - 10)
  const { logprob, likeliest } = tokenLogprobs(many, 12345, 3)
  expect(logprob).toBeCloseTo(-9.13852419284768, 10)
  expect(tokenLogprobs(many, 0, 0).logprob).toBeCloseTo(-27.80673708347268, 10)
  expect(likeliest).toEqual([
    { token: 28657, logprob: expect.closeTo(-7.807143984514347, 10) },
    { token: 8162, logprob: expect.closeTo(-7.807550885556012, 10) },
    { token: 36819, logprob: expect.closeTo(-7.8079577865976795, 10) },
  ])
})

it('reports what sample reports', () => {
  const { token, logprob } = sample(logits, { temperature: 2, seed: 5 }, { prompt: [], generated: [] })
  expect(tokenLogprobs(logits, token, 0).logprob).toBe(logprob)
})

it.each([
  ['NaN', Float64Array.of(1, NaN, 2), 0, /largest is NaN/],
  ['nothing but −∞', Float64Array.of(-Infinity, -Infinity), 0, /largest is -Infinity/],
  ['∞', Float64Array.of(1, Infinity), 0, /largest is Infinity/],
  ['no logits', new Float64Array(), 0, /no.*token 0|largest/],
  ['a token that is not there', logits, 7, /there are 7, none of token 7/],
])('refuses %s', (_, values, token, message) => {
  expect(() => tokenLogprobs(values, token, 1)).toThrow(message)
})
