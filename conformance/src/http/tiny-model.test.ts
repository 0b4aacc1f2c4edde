import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { reference, run } from '@tramontane/core'
import { load } from '@tramontane/core/disk'
import { expect, test } from 'vitest'
import { writeTinyModel } from './tiny-model.ts'

async function inFolder(use: (directory: string) => Promise<void>): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), 'tiny-model-'))
  try {
    await use(directory)
  } finally {
    await rm(directory, { recursive: true })
  }
}

/** The likeliest tokens after a chat's prompt. */
async function answer(directory: string): Promise<{ context: number; logits: Float64Array; text: string }> {
  const model = await load(directory)
  const program = await reference().load(model.graph, model.weights)
  const tokens = model.chat!.encode([{ role: 'user', content: 'Hello' }])
  const values = await run(program, [{ sequence: program.open(64), tokens, logits: 'last' }])
  const text = model.tokenizer.decode(tokens, { control: true })
  await model.close()
  return { context: model.config.context!, logits: values.get('logits')!.data as Float64Array, text }
}

test('the tiny model loads, runs and chats; its weights are those of its seed', () =>
  inFolder(async (directory) => {
    await writeTinyModel(directory)
    const first = await answer(directory)
    expect(first.text).toContain('<|im_start|>user\nHello<|im_end|>')
    expect(first.logits.length).toBe(49_152)
    expect(first.logits.every(Number.isFinite)).toBe(true)
    await writeTinyModel(directory)
    expect((await answer(directory)).logits).toEqual(first.logits)
    await writeTinyModel(directory, { seed: 2, config: { max_position_embeddings: 128 } })
    expect((await answer(directory)).logits).not.toEqual(first.logits)
    expect(await readdir(directory)).toContain('config.json')
  }))
