import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { useSoftwareAdapter } from '@tramontane/backend-webgpu/software.fixture'
import { writeTinyModel } from '@tramontane/conformance/http'
import { run } from '@tramontane/core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { openFiles } from './open-files.ts'
import { openModel, type OpenModel } from './open-model.ts'
import { openOnCard } from './open-on-card.ts'
import { makeWebgpuGuide } from './webgpu-guide.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
let folder: string
beforeAll(async () => {
  useSoftwareAdapter()
  folder = await mkdtemp(join(tmpdir(), 'tramontane-guide-'))
  await writeTinyModel(folder)
})
afterAll(() => rm(folder, { recursive: true }))

/** The likeliest tokens after each of a text. */
async function guesses({ model, program }: OpenModel): Promise<number[]> {
  const tokens = model.tokenizer.encode('The capital of France is Paris.')
  const feed = { sequence: program.open(tokens.length), tokens, logits: 'all' } as const
  const { data, shape } = (await run(program, [feed])).get('logits')!
  const [rows, V] = shape
  const values = Float64Array.from(data as Float64Array)
  return Array.from({ length: rows }, (_, t) => {
    const row = values.subarray(t * V, (t + 1) * V)
    return row.indexOf(row.reduce((a, b) => Math.max(a, b)))
  })
}

it('the guide to WebGPU shows the code of its examples, to the byte', () => {
  for (const [path, content] of makeWebgpuGuide(root))
    expect(readFileSync(join(root, path), 'utf8'), path).toBe(content)
})

it('its examples choose the tokens that the reference chooses, from the disk and from files', async () => {
  const plain = await openModel(folder)
  const expected = await guesses(plain)
  await plain.close()

  const onCard = await openOnCard(folder)
  expect(onCard.adapter).toMatch(/swiftshader/i)
  expect(await guesses(onCard)).toEqual(expected)
  await onCard.close()
  expect((await onCard.lost).message).toMatch(/the device is lost/)

  const files = (await readdir(folder)).map(async (name) => new File([await readFile(join(folder, name))], name))
  const shares: number[] = []
  const chosen = await openFiles(await Promise.all(files), (loaded, total) => shares.push(loaded / total))
  expect(await guesses(chosen)).toEqual(expected)
  expect(shares.at(-1)).toBe(1)
  await chosen.close()
})
