import { openSafetensors } from '@tramontane/core'
import { diskSource } from '@tramontane/core/disk'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { main } from '../main.ts'

const model = fileURLToPath(new URL('../../../../conformance/goldens/tiny/full', import.meta.url))

let scratch: string
beforeAll(async () => void (scratch = await mkdtemp(join(tmpdir(), 'tramontane-'))))
afterAll(() => rm(scratch, { recursive: true }))

it('writes activations under the names that were asked for, with a star for every layer', async () => {
  const [out, errors] = [join(scratch, 'values.safetensors'), new PassThrough()]
  const argv = ['logits', model, '--ids', '1,2,3', '--outputs', 'l_out-*,lm_head,logits', '--out', out]
  const code = await main(argv, { stdin: new PassThrough(), stdout: new PassThrough(), stderr: errors })
  expect(code, `${errors.read()}`).toBe(0)
  const values = await openSafetensors(await diskSource(out))
  expect([...values.tensors.keys()].sort()).toEqual(['l_out-0', 'l_out-1', 'lm_head', 'logits'])
  expect(await values.read('lm_head')).toEqual(await values.read('logits'))
  await values.close()
})
