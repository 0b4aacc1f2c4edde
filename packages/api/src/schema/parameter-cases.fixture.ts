import type { Case } from './parameter-case.fixture.ts'
import { responseFormat } from './response-format-cases.fixture.ts'
import { toolCases } from './tool-cases.fixture.ts'

const notNumbers = ['1', true, [], {}, Infinity, -Infinity, NaN]
const notIntegers = [...notNumbers, 0.5]
const notBooleans = ['true', 0, 1, [], {}]
const notStrings = [5, true, [], {}]

/** Ranges as the page of the service and mission.md §4.1 have them. */
export const cases: Readonly<Record<string, Case>> = {
  model: { taken: [['a/b', 'a/b']], beyond: [null, undefined, 'x'.repeat(513), ...notStrings], read: (r) => r.model },
  messages: {
    taken: [[[{ role: 'user', content: 'x' }], [{ role: 'user', content: 'x' }]]],
    beyond: [null, undefined, [], {}, 'x', [5], [[]], Array(9).fill({ role: 'user', content: 'x' })],
    read: (r) => r.messages,
  },
  prompt: {
    taken: [
      ['', ['']],
      [
        ['a', 'b'],
        ['a', 'b'],
      ],
      [[0, 999], [Int32Array.of(0, 999)]],
      [
        [[1], [2, 3]],
        [Int32Array.of(1), Int32Array.of(2, 3)],
      ],
    ],
    beyond: [null, undefined, [], {}, 5, [[]], [1000], [-1], [0.5], ['a', 1], [1, 'a'], [[1], 'a'], Array(5).fill('a')],
    read: (r) => r.prompts,
  },
  stream: {
    taken: [
      [true, true],
      [false, false],
      [null, false],
      [undefined, false],
    ],
    beyond: notBooleans,
    read: (r) => r.stream,
  },
  'stream_options.include_usage': {
    taken: [
      [true, true],
      [false, false],
      [null, false],
    ],
    beyond: notBooleans,
    read: (r) => r.includeUsage,
    beside: { stream: true },
  },
  max_tokens: {
    taken: [
      [0, 0],
      [1, 1],
      [100_000, 100_000],
      [null, null],
      [undefined, 512],
    ],
    beyond: [-1, 100_001, ...notIntegers],
    read: (r) => r.maxTokens,
  },
  max_completion_tokens: {
    taken: [
      [0, 0],
      [7, 7],
      [100_000, 100_000],
      [null, null],
      [undefined, 512],
    ],
    beyond: [-1, 100_001, ...notIntegers],
    read: (r) => r.maxTokens,
  },
  temperature: {
    taken: [
      [0, 0],
      [2, 2],
      [0.25, 0.25],
      [null, 1],
      [undefined, 1],
    ],
    beyond: [-0.001, 2.001, ...notNumbers],
    read: (r) => r.sampling.temperature,
  },
  top_p: {
    taken: [
      [1e-9, 1e-9],
      [1, 1],
      [null, 1],
      [undefined, 1],
    ],
    beyond: [0, -1, 1.001, ...notNumbers],
    read: (r) => r.sampling.topP,
  },
  top_k: {
    taken: [
      [-1, 0],
      [0, 0],
      [40, 40],
      [null, 0],
      [undefined, 0],
    ],
    beyond: [-2, ...notIntegers],
    read: (r) => r.sampling.topK,
  },
  min_p: {
    taken: [
      [0, 0],
      [1, 1],
      [null, 0],
      [undefined, 0],
    ],
    beyond: [-0.001, 1.001, ...notNumbers],
    read: (r) => r.sampling.minP,
  },
  seed: {
    taken: [
      [0, 0],
      [-1, -1],
      [2 ** 53 - 1, 2 ** 53 - 1],
      [null, undefined],
      [undefined, undefined],
    ],
    beyond: [2 ** 53, -(2 ** 53), 2 ** 63, ...notIntegers],
    read: (r) => r.sampling.seed,
  },
  n: {
    taken: [
      [1, 1],
      [16, 16],
      [null, 1],
      [undefined, 1],
    ],
    beyond: [0, 17, -1, ...notIntegers],
    read: (r) => r.n,
  },
  best_of: { taken: [[3], [null]], beyond: [1, 2, 4, 0, 17, ...notIntegers], beside: { n: 3 } },
  stop: {
    taken: [
      ['a', ['a']],
      [[], []],
      [
        ['a', 'b'],
        ['a', 'b'],
      ],
      [null, []],
      [Array(16).fill('x'), Array(16).fill('x')],
    ],
    beyond: ['', ['a', ''], [5], 5, {}, Array(17).fill('x'), 'x'.repeat(1025), ['x'.repeat(1025)], [null], [['a']]],
    read: (r) => r.stop,
  },
  stop_token_ids: {
    taken: [
      [
        [0, 999],
        [0, 999],
      ],
      [[], []],
      [null, []],
    ],
    beyond: [5, {}, [1000], [-1], ['1'], [0.5], Array(129).fill(1)],
    read: (r) => r.stopTokenIds,
  },
  ignore_eos: {
    taken: [
      [true, true],
      [false, false],
      [null, false],
    ],
    beyond: notBooleans,
    read: (r) => r.ignoreEnd,
  },
  presence_penalty: {
    taken: [
      [-2, -2],
      [2, 2],
      [null, 0],
      [undefined, 0],
    ],
    beyond: [-2.001, 2.001, ...notNumbers],
    read: (r) => r.sampling.presencePenalty,
  },
  frequency_penalty: {
    taken: [
      [-2, -2],
      [2, 2],
      [null, 0],
      [undefined, 0],
    ],
    beyond: [-2.001, 2.001, ...notNumbers],
    read: (r) => r.sampling.frequencyPenalty,
  },
  repetition_penalty: {
    taken: [
      [0.01, 0.01],
      [5, 5],
      [null, 1],
      [undefined, 1],
    ],
    beyond: [0, 0.009, 5.001, -1, ...notNumbers],
    read: (r) => r.sampling.repetitionPenalty,
  },
  logit_bias: {
    taken: [
      [
        { 0: 100, 999: -100 },
        new Map([
          [0, 100],
          [999, -100],
        ]),
      ],
      [{}, new Map()],
      [null, new Map()],
    ],
    beyond: [
      { 1000: 1 },
      { a: 1 },
      { '-1': 1 },
      { '01': 1 },
      { '1.5': 1 },
      { ' 1': 1 },
      { 1: 101 },
      { 1: -101 },
      { 1: '1' },
    ]
      .concat([{ 1: NaN }, { 1: Infinity }] as never[])
      .concat([[], 5, 'x'] as never[]),
    read: (r) => r.sampling.bias,
  },
  'chat logprobs': {
    taken: [
      [true, true],
      [false, false],
      [null, false],
    ],
    beyond: notBooleans,
    read: (r) => r.logprobs,
  },
  top_logprobs: {
    taken: [
      [0, 0],
      [20, 20],
      [null, 0],
    ],
    beyond: [-1, 21, ...notIntegers],
    read: (r) => r.topLogprobs,
    beside: { logprobs: true },
  },
  'completions logprobs': {
    taken: [
      [0, 0],
      [5, 5],
      [20, 20],
      [null, null],
      [undefined, null],
    ],
    beyond: [-1, 21, ...notIntegers],
    read: (r) => r.logprobs,
  },
  echo: {
    taken: [
      [true, true],
      [false, false],
      [null, false],
    ],
    beyond: notBooleans,
    read: (r) => r.echo,
  },
  user: { taken: [['u'], [null]], beyond: notStrings },
  metadata: { taken: [[{ a: 'b' }], [{}], [null]], beyond: [5, 'x', true, []] },
  service_tier: { taken: [['auto'], ['default'], [null]], beyond: ['flex', 'priority', 5] },
  store: { taken: [[false], [null]], beyond: [true, 0, 'false'] },
  prompt_cache_key: { taken: [['k'], [null]], beyond: notStrings },
  prompt_cache_retention: { taken: [['24h'], [null]], beyond: notStrings },
  safety_identifier: { taken: [['s'], [null]], beyond: notStrings },
  modalities: { taken: [[['text']], [null]], beyond: ['text', ['audio'], ['text', 'audio'], [5]] },
  'messages[].name': { taken: [['bob'], [null]], beyond: [5, {}, 'x'.repeat(257)] },
  'messages[].refusal': { taken: [['no'], [null]], beyond: [5, {}] },
  'messages[].cache_control': { taken: [[{ type: 'ephemeral' }], [null]], beyond: [5, 'x', true] },
  response_format: responseFormat,
  ...toolCases,
  'messages[].content[]': {
    taken: [[{ type: 'text', text: 'x' }]],
    beyond: ['image_url', 'input_audio', 'file', 'refusal', 'video_url', 5, null].map((type) => ({ type, text: 'x' })),
  },
}
