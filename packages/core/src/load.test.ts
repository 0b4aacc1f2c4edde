import fc from 'fast-check'
import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { blobFolder, type Folder } from './byte-source.ts'
import { load } from './disk.ts'
import { InputError, UnsupportedError } from './errors.ts'
import { loadBare, loadFolder } from './load.ts'

const golden = new URL('../../../conformance/goldens/tiny/full/', import.meta.url)
const bytes = (name: string) => new Uint8Array(readFileSync(new URL(name, golden)))
const config = bytes('config.json')
const settings = JSON.parse(new TextDecoder().decode(config)) as object
const model = new Blob([bytes('model.safetensors')])

/** A byte-level BPE tokenizer of `size` single letters. */
function tokenizerJson(size: number): string {
  const letters =
    'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789!#$%&()*+,-./:;<=>?@[]^_`{|}~¡¢£¤¥¦§¨©ª«¬®¯'
  const vocab = Object.fromEntries([...letters].slice(0, size).map((letter, id) => [letter, id]))
  return JSON.stringify({
    added_tokens: [],
    normalizer: null,
    pre_tokenizer: { type: 'ByteLevel', add_prefix_space: false, use_regex: true },
    post_processor: null,
    decoder: { type: 'ByteLevel' },
    model: { type: 'BPE', vocab, merges: [] },
  })
}

/** tiny-full with a tokenizer; `null` leaves a file out. Counts what is open. */
function folder(change: Record<string, string | Uint8Array<ArrayBuffer> | null> = {}) {
  const files = new Map<string, Blob>([
    ['config.json', new Blob([config])],
    ['model.safetensors', model],
    ['tokenizer.json', new Blob([tokenizerJson(97)])],
  ])
  for (const [name, text] of Object.entries(change)) {
    if (text === null) files.delete(name)
    else files.set(name, new Blob([text]))
  }
  const inner = blobFolder(files, 'tiny')
  let count = 0
  const counting: Folder = {
    ...inner,
    async open(path) {
      const source = await inner.open(path)
      count++
      return { ...source, close: async () => void count-- }
    },
  }
  return { ...counting, count: () => count }
}

const change = (more: object): string => JSON.stringify({ ...settings, ...more })

describe('loadFolder', () => {
  test('opens a model, and closes it', async () => {
    const files = folder()
    const { name, graph, tokenizer, chat, close } = await loadFolder(files)
    expect([name, graph.nodes.at(-1)!.name, tokenizer.size, chat]).toEqual(['tiny', 'logits', 97, null])
    expect(files.count()).toBe(1)
    await close()
    expect(files.count()).toBe(0)
  })

  test.each<[string, Record<string, string | null>, string]>([
    ['no config.json', { 'config.json': null }, 'tiny: expected a file "config.json", found none'],
    [
      'no tokenizer',
      { 'tokenizer.json': null },
      'tiny: expected a file "tokenizer.json", "tekken.json" or "tokenizer.model", f',
    ],
    ['no weights', { 'model.safetensors': null }, 'tiny: expected model.safetensors.index.json or model.safetensors'],
    ['a config that is not JSON', { 'config.json': '{' }, 'tiny/config.json: not JSON'],
    ['a tokenizer that is not JSON', { 'tokenizer.json': '{' }, 'tiny/tokenizer.json: '],
    [
      'a tokenizer that is too large',
      { 'tokenizer.json': tokenizerJson(98) },
      'tiny/tokenizer.json: 98 tokens, but the model has a vocabulary of 97',
    ],
    ['settings that are not JSON', { 'tokenizer_config.json': '{' }, 'tiny/tokenizer_config.json: not JSON'],
    ['settings of null', { 'tokenizer_config.json': 'null' }, 'tiny/tokenizer_config.json: expected an object'],
    ['settings of []', { 'tokenizer_config.json': '[]' }, 'tiny/tokenizer_config.json: expected an object'],
    [
      'a billion layers',
      { 'config.json': change({ num_hidden_layers: 1e9 }) },
      '"model.layers.2.input_layernorm.weight"',
    ],
    [
      'a wide head',
      { 'config.json': change({ head_dim: 1e12 }) },
      'tiny/model.safetensors: tensor "model.layers.0.self_attn.q_proj',
    ],
    [
      'a large vocabulary',
      { 'config.json': change({ vocab_size: 2 ** 52 }) },
      'tensor "model.embed_tokens.weight" is [97, 32]',
    ],
  ])('%s', async (_, files, message) => {
    const opened = folder(files)
    const start = performance.now()
    const error = await loadFolder(opened).catch((error: unknown) => error)
    expect(error).toBeInstanceOf(InputError)
    expect((error as Error).message).toContain(message)
    expect(opened.count()).toBe(0)
    expect(performance.now() - start).toBeLessThan(1000)
  })

  test('a folder that does not exist', async () => {
    const opened = load('no/such/folder')
    await expect(opened).rejects.toThrow(InputError)
    await expect(opened).rejects.toThrow('no/such/folder')
  })
})

test('a shard that is missing beside a whole folder of Mistral names the other way', async () => {
  const index = JSON.stringify({ weight_map: { a: '1.safetensors' } })
  const files = { 'model.safetensors.index.json': index, 'params.json': '{}', 'consolidated.safetensors': '' }
  const error = 'tiny: expected the shard "1.safetensors" of model.safetensors.index.json, found no such file'
  const way = 'add it, or remove model.safetensors.index.json to use params.json and consolidated.safetensors'
  await expect(loadBare(folder(files))).rejects.toThrow(new InputError(`${error}; ${way}`))
  await expect(loadBare(folder({ ...files, 'params.json': null }))).rejects.toThrow(new InputError(error))
})

describe('ends of a text', () => {
  const ends = async (generation: string | null, config = 2 as unknown) => {
    const files = { 'config.json': change({ eos_token_id: config }), 'generation_config.json': generation }
    return (await loadBare(folder(files))).config.end
  }

  test.each<[unknown, string | null, number[]]>([
    [2, null, [2]],
    [2, '{}', [2]],
    [2, '{"eos_token_id": null}', [2]],
    [2, '{"eos_token_id": 2}', [2]],
    [2, '{"eos_token_id": [5, 2, 96]}', [2, 5, 96]],
    [null, '{"eos_token_id": 7, "temperature": 0.6}', [7]],
  ])('config.json %j, generation_config.json %s', async (config, generation, expected) => {
    expect(await ends(generation, config)).toEqual(expected)
  })

  test.each([
    ['{', 'not JSON'],
    ['[]', 'expected an object, found []'],
    ['{"eos_token_id": "</s>"}', 'eos_token_id: expected token ids, found "</s>"'],
    ['{"eos_token_id": [2, -1]}', 'eos_token_id: expected token ids, found [2,-1]'],
    ['{"eos_token_id": 97}', 'eos_token_id: expected ids below the vocabulary of 97, found 97'],
  ])('generation_config.json %s', async (generation, message) => {
    await expect(ends(generation)).rejects.toThrow(InputError)
    await expect(ends(generation)).rejects.toThrow(`tiny/generation_config.json: ${message}`)
  })
})

describe('hf_quant_config.json', () => {
  const file = (quant_algo: string) => ({ 'hf_quant_config.json': JSON.stringify({ quantization: { quant_algo } }) })

  test('counts where config.json says nothing', async () => {
    await expect(loadBare(folder(file('FP8')))).rejects.toThrow(
      'F8_E4M3: tiny/hf_quant_config.json does not leave it out',
    )
    const own = { 'config.json': change({ quantization_config: { quant_method: 'fp8', ignored_layers: ['re:.*'] } }) }
    const { config } = await loadBare(folder({ ...own, ...file('FP8') }))
    expect(config.quantization).toEqual({ quant_method: 'fp8', ignored_layers: ['re:.*'] })
  })

  test('is named where it is refused', async () => {
    const message = 'tiny/hf_quant_config.json: quant_algo is "NVFP4", expected "FP8"'
    await expect(loadBare(folder(file('NVFP4')))).rejects.toThrow(new UnsupportedError(message))
    const broken = { 'hf_quant_config.json': '{' }
    await expect(loadBare(folder(broken))).rejects.toThrow('tiny/hf_quant_config.json: not JSON')
  })
})

test('loadBare passes over a tokenizer that is not supported, loadFolder says what it is', async () => {
  const tekken = JSON.stringify({ config: { version: 'v99' } })
  const files = { 'tokenizer.json': null, 'tekken.json': tekken }
  const message = 'tiny/tekken.json: config.version is "v99", expected v3, v7, v11, v13, v15'
  const bare = await loadBare(folder(files))
  expect([bare.tokenizer, bare.chat, bare.refusal]).toEqual([null, null, new UnsupportedError(message)])
  expect((await loadBare(folder())).refusal).toBeUndefined()
  const opened = folder(files)
  await expect(loadFolder(opened)).rejects.toThrow(new UnsupportedError(message))
  expect(opened.count()).toBe(0)
  await expect(loadBare(folder({ ...files, 'tekken.json': '{' }))).rejects.toThrow('tiny/tekken.json: not JSON')
})

test('loadBare needs no tokenizer', async () => {
  const { tokenizer, chat } = await loadBare(folder({ 'tokenizer.json': null }))
  expect([tokenizer, chat]).toEqual([null, null])
})

test('a damaged config.json loads or is refused, in bounded time', async () => {
  const edit = fc.record({
    at: fc.nat(config.length - 1),
    // Bytes that JSON is made of go further than others.
    put: fc.oneof(fc.constantFrom(...new TextEncoder().encode('0123456789-.eE"{}[]:, ntf')), fc.nat(255)),
    remove: fc.nat(3),
  })
  const seen = new Set<string>()
  await fc.assert(
    fc.asyncProperty(fc.array(edit, { minLength: 1, maxLength: 4 }), async (edits) => {
      const text = [...config]
      for (const { at, put, remove } of edits) text.splice(at, remove, put)
      const opened = folder({ 'config.json': Uint8Array.from(text) })
      const result = await loadBare(opened).catch((error: unknown) => error)
      if (result instanceof Error) expect(result).toBeInstanceOf(InputError)
      else await (result as { close(): Promise<void> }).close()
      expect(opened.count()).toBe(0)
      seen.add(result instanceof Error ? (/not JSON/.test(result.message) ? 'syntax' : 'refused') : 'loaded')
    }),
    { seed: 20, numRuns: 400 },
  )
  expect([...seen].sort()).toEqual(['loaded', 'refused', 'syntax'])
})
