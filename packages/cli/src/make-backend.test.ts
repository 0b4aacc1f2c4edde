import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { InputError, reference } from '@tramontane/core'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { presentTfjs } from '@tramontane/backend-tfjs'
import { makeBackend, others, type Present } from './make-backend.ts'
import { startChosen } from './worker-backend.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'make-backend-'))
  vi.stubEnv('TRAMONTANE_TFJS_NODE', folder)
})
afterEach(async () => {
  vi.unstubAllEnvs()
  await rm(folder, { recursive: true })
})

/** Puts a tfjs-node of some version where it is found first. */
async function install(version: string): Promise<void> {
  const path = join(folder, 'node_modules/@tensorflow/tfjs-node')
  await mkdir(path, { recursive: true })
  await writeFile(join(path, 'index.js'), `module.exports = { version: { 'tfjs-node': '${version}' }, more: 1 }`)
}

/** A model that is no help here. */
const empty = { weights: { specs: new Map(), read: () => expect.fail() }, graph: { weights: {}, nodes: [] } }

/** No card, and of TensorFlow.js what is given. */
const only = (tfjs: Present['tfjs'], absent: string | null = null): Present => ({
  webgpu: async () => ({ absent }),
  tfjs,
})

const about = async (...line: Parameters<typeof makeBackend>) => (await makeBackend(...line)).about

describe('auto', () => {
  it('is the fastest that is there, and says why', async () => {
    const found = await about('auto', true, only(presentTfjs))
    expect(found.name).toMatch(/^tfjs-/)
    expect(found.version).toMatch(/^4\.\d+\.\d+/)
    expect(found.why).toMatch(new RegExp(`^${found.name}(: |,|$)`))
    expect(found.why).not.toContain('as asked for')
  })

  it('is the reference where none loads', async () => {
    expect(
      await about(
        'auto',
        true,
        only(async () => null),
      ),
    ).toEqual({
      name: 'reference',
      version: '',
      why: 'TensorFlow.js is not installed or does not load',
    })
  })

  it('is the reference where only plain JavaScript would be left', async () => {
    const why = 'tfjs-cpu: @tensorflow/tfjs-backend-wasm is not installed'
    const found = await about(
      'auto',
      true,
      only(async () => ({ name: 'tfjs-cpu', why })),
    )
    expect(found).toEqual({ name: 'reference', version: '', why: `it is faster than ${why}` })
  })

  it('is the reference for a model that has no room in WebAssembly, unless something native is there', async () => {
    const why = 'tfjs-wasm: @tensorflow/tfjs-node is not installed'
    const found = await about(
      'auto',
      false,
      only(async () => ({ name: 'tfjs-wasm', why })),
    )
    expect(found).toEqual({ name: 'reference', version: '', why: `the weights have no room in WebAssembly; ${why}` })
    expect(
      (
        await about(
          'auto',
          true,
          only(async () => ({ name: 'tfjs-wasm', why })),
        )
      ).name,
    ).toBe('tfjs-wasm')
    expect((await about('tfjs-wasm', false)).name).toBe('tfjs-wasm')
  })

  it('does not pass over what is there and cannot be used: one line with the remedy, and what works', async () => {
    await install('3.22.0')
    const error = await startChosen('auto', empty).catch((error: unknown) => error)
    expect(error).toBeInstanceOf(InputError)
    expect((error as InputError).message).toBe(
      '@tensorflow/tfjs-node: expected a version from 4.22 and below 5, found 3.22.0; ' +
        `TRAMONTANE_TFJS_NODE names ${folder}, which is looked at first; ` +
        '`npm install @tensorflow/tfjs-node@4.22`; ' +
        '`--backend reference` needs no TensorFlow.js, `--backend tfjs-wasm` no tfjs-node',
    )
  })

  it('is a card before all else, and without one says why, unless nobody installed it', async () => {
    const card = { backend: reference(), about: { name: 'webgpu', version: '1', why: 'webgpu: a card' } }
    const never = () => expect.fail('looked for more')
    expect(await makeBackend('auto', true, { webgpu: async () => ({ made: card }), tfjs: never })).toBe(card)
    const none = async () => null
    expect((await about('auto', true, only(none, 'webgpu: no driver'))).why).toMatch(
      /does not load; webgpu: no driver$/,
    )
    expect((await about('auto', true, only(none, null))).why).toMatch(/does not load$/)
  })

  it('hides no fault of ours', async () => {
    const fault = new Error('a bug')
    await expect(
      makeBackend(
        'auto',
        true,
        only(() => Promise.reject(fault)),
      ),
    ).rejects.toBe(fault)
  })
})

describe('what was asked for', () => {
  it('is the reference without a word', async () => {
    expect(await about('reference')).toEqual({ name: 'reference', version: '', why: null })
  })

  it('or a runtime', async () => {
    await install('3.22.0')
    const { backend, about } = await makeBackend('tfjs-wasm')
    expect(backend.name).toBe('tfjs-wasm')
    expect(about).toMatchObject({ name: 'tfjs-wasm', why: 'tfjs-wasm, as asked for' })
    await expect(makeBackend('tfjs-node')).rejects.toThrow(
      /found 3\.22\.0; .*; `npm install @tensorflow\/tfjs-node@4\.22`$/,
    )
  })
})

it('what else computes is never what failed', () => {
  expect(others('tfjs-wasm')).toBe('`--backend reference` needs no TensorFlow.js')
  expect(others('webgpu')).toContain('`--backend reference` needs nothing')
  expect(others('tfjs-node-gpu')).toContain('`--backend tfjs-wasm` no tfjs-node')
})
