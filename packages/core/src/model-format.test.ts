import { describe, expect, test } from 'vitest'
import { blobFolder } from './byte-source.ts'
import { InputError } from './errors.ts'
import { modelFormat } from './model-format.ts'

const [config, single, index] = ['config.json', 'model.safetensors', 'model.safetensors.index.json']
const [params, nativeSingle, nativeIndex] = [
  'params.json',
  'consolidated.safetensors',
  'consolidated.safetensors.index.json',
]
const formatOf = (...names: string[]) =>
  modelFormat(blobFolder(new Map(names.map((name) => [name, new Blob([])])), 'm'))

test.each<[string, string[]]>([
  ['huggingface', [config, single]],
  ['huggingface', [config, index]],
  ['mistral', [params, nativeSingle]],
  ['mistral', [params, nativeIndex]],
  // As Mistral publishes them.
  ['huggingface', [config, index, params, nativeSingle]],
  ['huggingface', [config, single, params, nativeIndex]],
  ['huggingface', [config, single, params]],
  ['huggingface', [config, single, nativeSingle]],
  // Only Mistral's own weights were fetched.
  ['mistral', [config, params, nativeSingle]],
])('%s: %j', async (format, names) => {
  expect(await formatOf(...names)).toBe(format)
})

describe('halves', () => {
  test.each<[string[], string]>([
    [[], 'expected a file "config.json", found none'],
    [[single], 'expected a file "config.json", found none'],
    [[config], `expected ${index} or ${single}, found neither`],
    [[config, params], `expected ${index} or ${single}, found neither`],
    [[params], `expected ${nativeIndex} or ${nativeSingle} beside params.json, found neither`],
    [
      [params, 'consolidated.00.pth'],
      `expected ${nativeIndex} or ${nativeSingle} beside params.json, found neither but consolidated.00.pth, which is a pickle and not read`,
    ],
    [[nativeSingle], `expected params.json beside ${nativeSingle}, found none`],
    [[config, nativeIndex], `expected params.json beside ${nativeIndex}, found none`],
    [[single, nativeSingle], 'expected a file "config.json", found none'],
    [
      [index, params, nativeSingle],
      `expected config.json beside ${index}, found none; add it, or remove ${index} to use params.json and ${nativeSingle}`,
    ],
  ])('%j', async (names, message) => {
    await expect(formatOf(...names)).rejects.toThrow(new InputError(`m: ${message}`))
  })
})
