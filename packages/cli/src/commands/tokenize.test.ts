import { Writable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { InputError } from '@tramontane/core'
import { expect, test } from 'vitest'
import type { Io } from '../io.ts'
import { tokenizeCommand } from './tokenize.ts'

const path = (relative: string) => fileURLToPath(new URL(`../../../../${relative}`, import.meta.url))

async function run(...argv: string[]): Promise<string> {
  let out = ''
  const stdout = new Writable({ write: (chunk: Buffer, _, done) => ((out += chunk.toString()), done()) })
  await tokenizeCommand({ stdout } as unknown as Io).parseAsync(argv, { from: 'user' })
  return out
}

test('needs no weights, and shows the space in front of a token', async () => {
  // Ids: SentencePiece, see conformance/goldens/mistral.
  expect(await run(path('models/mistral-7b-instruct-v0.2'), 'Hi Hi')).toBe('15359  " Hi"\n15359  " Hi"\n')
  expect(await run(path('models/mistral-7b-instruct-v0.3'), 'Hi', '--json')).toBe(`{"ids":[${15359 + 768}]}\n`)
})

test('says that a folder has no tokenizer', async () => {
  await expect(run(path('conformance/goldens/tiny/full'), 'Hi')).rejects.toThrow(InputError)
})
