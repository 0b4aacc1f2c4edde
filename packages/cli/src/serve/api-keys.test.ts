import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { InputError } from '@tramontane/core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { apiKeys } from './api-keys.ts'

let folder: string
beforeAll(async () => void (folder = await mkdtemp(join(tmpdir(), 'tramontane-keys-'))))
afterAll(() => rm(folder, { recursive: true }))

const none = { given: [], variable: undefined, file: undefined }

test('come from the command line, the environment and a file, each once', async () => {
  const file = join(folder, 'keys')
  await writeFile(file, '# of the team\nc\n\n  d\r\na\n')
  expect(await apiKeys({ given: ['a'], variable: 'a, b,', file })).toEqual(['a', 'b', 'c', 'd'])
  expect(await apiKeys(none)).toEqual([])
})

test('a source without a key never leaves the server open', async () => {
  const file = join(folder, 'empty')
  await writeFile(file, '# none yet\n')
  await expect(apiKeys({ ...none, file })).rejects.toThrow('expected at least one API key, found none')
  await expect(apiKeys({ ...none, variable: ' ,' })).rejects.toThrow('TRAMONTANE_API_KEYS: expected at least one')
  await expect(apiKeys({ ...none, file: join(folder, 'missing') })).rejects.toThrow('found ENOENT')
  await expect(apiKeys({ ...none, file: folder })).rejects.toBeInstanceOf(InputError)
})
