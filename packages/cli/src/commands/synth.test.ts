import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { load } from '@tramontane/core/disk'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { main } from '../main.ts'

const path = (relative: string) => fileURLToPath(new URL(`../../../../${relative}`, import.meta.url))
const tiny = path('conformance/goldens/tiny/full')

let scratch: string
beforeAll(async () => void (scratch = await mkdtemp(join(tmpdir(), 'tramontane-synth-'))))
afterAll(() => rm(scratch, { recursive: true }))

let count = 0
async function call(command: string, from: string, ...options: string[]) {
  const out = join(scratch, `out-${count++}`)
  const [stdout, stderr] = [new PassThrough(), new PassThrough()]
  const code = await main([command, from, out, ...options], { stdin: new PassThrough(), stdout, stderr })
  return { code, out, said: String(stdout.read() ?? ''), complaint: String(stderr.read() ?? '') }
}

async function bytes(folder: string): Promise<Buffer> {
  const files = (await readdir(folder)).filter((name) => name.endsWith('.safetensors')).sort()
  return Buffer.concat(await Promise.all(files.map((name) => readFile(join(folder, name)))))
}

describe('synth', () => {
  test('a folder or a config alone, under any name', async () => {
    const config = join(scratch, 'tiny.json')
    await writeFile(config, await readFile(join(tiny, 'config.json')))
    const [a, b] = [await call('synth', tiny), await call('synth', config)]
    expect([a.code, b.code]).toEqual([0, 0])
    expect(a.said).toBe(`${a.out}: model-00001-of-00001.safetensors, model.safetensors.index.json, config.json\n`)
    expect(await bytes(a.out)).toEqual(await bytes(b.out))
  })

  test('another seed, other weights; equal seeds, equal ones', async () => {
    const found = [
      await call('synth', tiny),
      await call('synth', tiny, '--seed', '0'),
      await call('synth', tiny, '--seed', '1'),
    ]
    const [none, zero, one] = await Promise.all(found.map(({ out }) => bytes(out)))
    expect(none).toEqual(zero)
    expect(one).not.toEqual(zero)
  })

  test('--shard-size', async () => {
    const { said } = await call('synth', tiny, '--shard-size', '10KB')
    expect(said).toMatch(/model-00002-of-000\d\d/)
  })

  test('a tokenizer and a template go along: the folder can chat', async () => {
    const { code, out } = await call('synth', path('models/smollm2-135m-instruct-fp8'))
    expect(code).toBe(0)
    const model = await load(out)
    expect(model.chat).not.toBeNull()
    await model.close()
  })

  test('no such folder', async () => {
    const { code, complaint } = await call('synth', join(scratch, 'nothing'))
    expect({ code, complaint }).toEqual({
      code: 1,
      complaint: expect.stringMatching(/^error: .*nothing.*\n$/) as string,
    })
  })
})

describe.each(['synth', 'quantize'])('%s --strategy', (command) => {
  test.each([
    [[], [32]],
    [['--strategy', 'channel'], [32]],
    [['--strategy', 'tensor'], [1]],
    [
      ['--strategy', 'block'],
      [1, 1],
    ],
  ])('%j', async (options, shape) => {
    const { code, out } = await call(command, tiny, ...options)
    expect(code).toBe(0)
    const { weights, close } = await load(out, { tokenizer: false })
    expect(weights.specs.get('layers.1.query.scale')).toEqual({ dtype: 'BF16', shape })
    await close()
  })

  test('any other is wrong usage', async () => {
    expect((await call(command, tiny, '--strategy', 'row')).code).toBe(2)
  })
})
