import { InputError, UnsupportedError } from '@tramontane/core'
import * as core from '@tensorflow/tfjs-core'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { describeTfjs, findTfjs, type Load } from './find-runtime.ts'
import { presentTfjs, tfjs } from './tfjs.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'find-runtime-'))
  vi.stubEnv('TRAMONTANE_TFJS_NODE', folder)
})
afterEach(() => {
  vi.unstubAllEnvs()
  rmSync(folder, { recursive: true, force: true })
})

/** Writes the package @tensorflow/NAME into the folder that the environment names. */
function write(name: string, source: string): void {
  const path = join(folder, 'node_modules/@tensorflow', name)
  mkdirSync(path, { recursive: true })
  writeFileSync(join(path, 'package.json'), JSON.stringify({ name: `@tensorflow/${name}`, version: '4.22.0' }))
  writeFileSync(join(path, 'index.js'), source)
}

const working = (version: string, gpu = false) => `
  const backend = { binding: { TF_Version: '2.21.0', executeOp() {} }, isGPUPackage: ${gpu}, isUsingGpuDevice: false }
  module.exports = {
    version: { 'tfjs-node': '${version}' },
    getBackend: () => 'tensorflow',
    backend: () => backend,
    engine: () => ({ registry: { tensorflow: backend } }),
  }`
const failing = (message: string, code?: string) =>
  `throw Object.assign(new Error(${JSON.stringify(message)}), ${JSON.stringify({ code })})`

/** Modules by name; those that are not there are missing as Node says it. */
function from(modules: Record<string, unknown>): Load {
  return async (specifier) => {
    if (specifier in modules) return modules[specifier]
    throw Object.assign(new Error(`Cannot find package '${specifier}'`), { code: 'ERR_MODULE_NOT_FOUND' })
  }
}

describe('without a choice', () => {
  it('takes tfjs-node-gpu first, and says that there is no GPU', async () => {
    write('tfjs-node-gpu', working('4.22.0', true))
    write('tfjs-node', working('4.22.0'))
    const { name, backendName, version, why } = await findTfjs()
    expect({ name, backendName, version }).toEqual({
      name: 'tfjs-node-gpu',
      backendName: 'tensorflow',
      version: '4.22.0',
    })
    expect(why).toBe('tfjs-node-gpu, although TensorFlow sees no GPU')
  })

  it('then tfjs-node', async () => {
    write('tfjs-node', working('4.23.1'))
    const { name, version, why } = await findTfjs()
    expect([name, version]).toEqual(['tfjs-node', '4.23.1'])
    const nor = `nor in ${folder}, which TRAMONTANE_TFJS_NODE names`
    expect(why).toBe(`tfjs-node: @tensorflow/tfjs-node-gpu is not installed, ${nor}`)
  })

  it('then wasm, in real', async () => {
    vi.stubEnv('TRAMONTANE_TFJS_NODE', '')
    const { name, version, why } = await findTfjs()
    expect([name, version]).toEqual(['tfjs-wasm', core.version_core])
    expect(why).toBe('tfjs-wasm: @tensorflow/tfjs-node-gpu and @tensorflow/tfjs-node are not installed')
  })

  it('goes on where a native library is broken, and says so', async () => {
    write('tfjs-node', failing('libtensorflow.so.2: cannot open shared object file', 'ERR_DLOPEN_FAILED'))
    const { name, why } = await findTfjs()
    expect(name).toBe('tfjs-wasm')
    expect(why).toContain('@tensorflow/tfjs-node-gpu is not installed, nor in')
    expect(why).toContain('@tensorflow/tfjs-node does not load (libtensorflow.so.2: cannot open')
    expect(why).toContain('node scripts/tfjs-node.js')
  })

  it('takes cpu where the wasm package is missing', async () => {
    const load = from({ '@tensorflow/tfjs-core': core, '@tensorflow/tfjs-backend-cpu': { version_cpu: '4.22.0' } })
    await import('@tensorflow/tfjs-backend-cpu')
    const { name, why } = await findTfjs(undefined, load)
    expect(name).toBe('tfjs-cpu')
    expect(why).toContain('tfjs-node and @tensorflow/tfjs-backend-wasm are not installed')
  })

  it('lists every command where nothing is installed', async () => {
    const error = await findTfjs(undefined, from({})).catch((error: unknown) => error)
    expect(error).toBeInstanceOf(InputError)
    const { message } = error as InputError
    expect(message).toContain('`npm install @tensorflow/tfjs-node-gpu`')
    expect(message).toContain('`npm install @tensorflow/tfjs-core @tensorflow/tfjs-backend-cpu`')
  })
})

describe('the active backend stays as it is', () => {
  it.each(['tfjs-wasm', 'tfjs-cpu'] as const)('%s computes although another is active', async (name) => {
    core.registerBackend('other', () => Object.assign(new core.KernelBackend(), { dispose: () => {} }))
    await core.setBackend('other')
    const active = vi.spyOn(core.engine(), 'setBackend')
    const { tf, backendName, why } = await findTfjs(name)
    expect(why).toBe(`${name}, as asked for`)
    expect(core.getBackend()).toBe('other')
    expect(active).not.toHaveBeenCalled()
    active.mockRestore()
    core.removeBackend('other')
    expect(product(tf as typeof core, backendName)).toEqual([19, 22, 43, 50])
  })

  it('the user may make it active later', async () => {
    await findTfjs('tfjs-wasm')
    const { wasm } = core.engine().registry
    expect(await core.setBackend('wasm')).toBe(true)
    expect(core.backend()).toBe(wasm)
    expect([...core.matMul([[1, 2]], [[3], [4]]).dataSync()]).toEqual([11])
  })
})

/** [1 2; 3 4] · [5 6; 7 8] with kernels called directly */
function product(tf: typeof core, backendName: string): number[] {
  const backend = tf.findBackend(backendName) as core.KernelBackend & {
    write(values: Float32Array, shape: number[], dtype: string): object
  }
  const [a, b] = [Float32Array.of(1, 2, 3, 4), Float32Array.of(5, 6, 7, 8)].map((values) => {
    return { dataId: backend.write(values, [2, 2], 'float32'), shape: [2, 2], dtype: 'float32' as const }
  })
  const { kernelFunc } = tf.getKernel('BatchMatMul', backendName)
  const out = kernelFunc({ inputs: { a, b }, attrs: { transposeA: false, transposeB: false }, backend })
  return [...(backend.readSync((out as core.TensorInfo).dataId) as Float32Array)]
}

describe('what is wanted and does not load', () => {
  it('is missing: the exact command', async () => {
    await expect(findTfjs('tfjs-wasm', from({}))).rejects.toThrow(
      '`npm install @tensorflow/tfjs-core @tensorflow/tfjs-backend-wasm`',
    )
    await expect(findTfjs('tfjs-node')).rejects.toThrow('@tensorflow/tfjs-node is not installed, nor in')
    await expect(findTfjs('tfjs-node-gpu')).rejects.toThrow('`node scripts/tfjs-node.js --gpu`')
  })

  it.each([
    ['no library', 'libtensorflow.so.2: cannot open shared object file', 'ERR_DLOPEN_FAILED'],
    ['another version', 'tfjs_binding.node: undefined symbol: TF_NewStatus', 'ERR_DLOPEN_FAILED'],
    ['no addon', "Cannot find module '/x/lib/napi-v8/tfjs_binding.node'", 'MODULE_NOT_FOUND'],
    ['no addon, in words', 'The Node.js native addon module (tfjs_binding.node) can not be found\nmore', undefined],
    ['a package that it needs', "Cannot find module '@mapbox/node-pre-gyp'", 'MODULE_NOT_FOUND'],
  ])('%s: what happened and two remedies', async (_, message, code) => {
    write('tfjs-node', failing(message, code))
    const error = await findTfjs('tfjs-node').catch((error: unknown) => error)
    expect(error).toBeInstanceOf(InputError)
    const remedy = '`node scripts/tfjs-node.js` or `npm rebuild @tensorflow/tfjs-node --build-addon-from-source`'
    expect((error as InputError).message).toBe(
      `tfjs-node: @tensorflow/tfjs-node does not load (${message.split('\n')[0]}); ${remedy}`,
    )
  })

  it('is no runtime', async () => {
    await expect(findTfjs('tfjs-webgl' as 'tfjs-cpu')).rejects.toThrow('found "tfjs-webgl"')
  })

  it('in a browser', async () => {
    const load: Load = () => Promise.reject(new TypeError('Failed to resolve module specifier "@tensorflow/x"'))
    await expect(findTfjs('tfjs-cpu', load)).rejects.toThrow('@tensorflow/tfjs-core is not installed')
  })
})

describe('versions', () => {
  it.each(['3.22.0', '4.21.9', '5.22.0'])('%s of tfjs-node is refused, wanted or not', async (version) => {
    write('tfjs-node', working(version))
    const refusal = `@tensorflow/tfjs-node: expected a version from 4.22 and below 5, found ${version}`
    await expect(findTfjs('tfjs-node')).rejects.toThrow(refusal)
    await expect(findTfjs()).rejects.toThrow(refusal)
  })

  it('core and wasm must agree', async () => {
    const wasm = { version_wasm: '4.23.0', setWasmPaths: () => {} }
    const load = from({ '@tensorflow/tfjs-core': { version_core: '4.22.0' }, '@tensorflow/tfjs-backend-wasm': wasm })
    const error = await findTfjs(undefined, load).catch((error: unknown) => error)
    expect(error).toBeInstanceOf(InputError)
    expect((error as InputError).message).toMatch(/expected the version of .*tfjs-core, 4\.22\.0, found 4\.23\.0/)
  })
})

it('tells wasm where its own files are, before it starts', async () => {
  const calls: string[] = []
  const backend = { version_wasm: '4.22.0', setWasmPaths: (path: string) => calls.push(path) }
  const registry: Record<string, unknown> = {}
  const tf = {
    version_core: '4.22.0',
    engine: () => ({ registry }),
    findBackendFactory: () => async () => calls.push('start'),
    getKernelsForBackend: () => [{ setupFunc: () => calls.push('kernel') }],
  }
  const load = from({ '@tensorflow/tfjs-core': tf, '@tensorflow/tfjs-backend-wasm': backend })
  await findTfjs('tfjs-wasm', load)
  expect(calls[0]).toMatch(/tfjs-backend-wasm[/\\]dist[/\\]$/)
  expect(calls.slice(1)).toEqual(['start', 'kernel'])
  await findTfjs('tfjs-wasm', load)
  expect(calls).toHaveLength(3)
})

it('two who start it at once share one backend', async () => {
  const registry: Record<string, unknown> = {}
  const made: object[] = []
  const tf = {
    version_core: '4.22.0',
    engine: () => ({ registry }),
    findBackendFactory: () => async () => (made.push({}), made.at(-1)),
    getKernelsForBackend: () => [],
  }
  const wasm = { version_wasm: '4.22.0', setWasmPaths: () => {} }
  const load = from({ '@tensorflow/tfjs-core': tf, '@tensorflow/tfjs-backend-wasm': wasm })
  const first = findTfjs('tfjs-wasm', load).then(() => registry.wasm)
  await findTfjs('tfjs-wasm', load)
  expect(made).toHaveLength(2)
  expect(registry.wasm).toBe(made[0])
  expect(await first).toBe(made[0])
})

it('a wasm backend that does not start is named, with its reason', async () => {
  const tf = {
    version_core: '4.22.0',
    engine: () => ({ registry: {} }),
    findBackendFactory: () => () => Promise.reject(new Error('no file')),
  }
  const wasm = { version_wasm: '4.22.0', setWasmPaths: () => {} }
  const load = from({ '@tensorflow/tfjs-core': tf, '@tensorflow/tfjs-backend-wasm': wasm })
  await expect(findTfjs('tfjs-wasm', load)).rejects.toThrow('does not start (no file)')
})

describe('presentTfjs', () => {
  it('is the best that loads, or null', async () => {
    write('tfjs-node', failing('libtensorflow.so.2: cannot open shared object file', 'ERR_DLOPEN_FAILED'))
    const { name, why } = (await presentTfjs())!
    expect(name).toBe('tfjs-wasm')
    expect(why).toContain('tfjs-node does not load (libtensorflow.so.2')
    expect(await presentTfjs(from({}))).toBe(null)
  })

  it('does not hide what is there and cannot be used, nor a fault', async () => {
    write('tfjs-node', working('3.22.0'))
    await expect(presentTfjs()).rejects.toThrow(
      `below 5, found 3.22.0; TRAMONTANE_TFJS_NODE names ${folder}, which is looked at first; \`npm install @tensorflow/tfjs-node@4.22\``,
    )
    const wasm = { version_wasm: '4.23.0', setWasmPaths: () => {} }
    const load = from({ '@tensorflow/tfjs-core': { version_core: '4.22.0' }, '@tensorflow/tfjs-backend-wasm': wasm })
    await expect(presentTfjs(load)).rejects.toThrow('4.22.0, found 4.23.0')
  })
})

it('knows the version of TensorFlow under tfjs-node, and that the others have none', async () => {
  write('tfjs-node', working('4.22.0'))
  expect(await tfjs('tfjs-node')).toMatchObject({ version: '4.22.0', library: '2.21.0' })
  expect(await tfjs('tfjs-wasm')).toMatchObject({ version: core.version_core, library: null })
})

describe('describeTfjs', () => {
  const handed = (active: string | undefined, backend: object, more: object = {}) => ({
    version_core: '4.22.0',
    getBackend: () => active,
    backend: () => backend,
    engine: () => ({ registry: active === undefined ? {} : { [active]: backend } }),
    ...more,
  })

  it.each([
    ['tfjs-node', 'tensorflow', { binding: {}, isGPUPackage: false }],
    ['tfjs-node-gpu', 'tensorflow', { binding: {}, isGPUPackage: true }],
    ['tfjs-wasm', 'wasm', {}],
    ['tfjs-cpu', 'cpu', {}],
  ])('%s', (name, backendName, backend) => {
    expect(describeTfjs(handed(backendName, backend))).toEqual({ name, backendName, version: '4.22.0' })
  })

  it('the real one', async () => {
    await findTfjs('tfjs-cpu')
    await core.setBackend('cpu')
    expect(describeTfjs(core)).toEqual({ name: 'tfjs-cpu', backendName: 'cpu', version: core.version_core })
  })

  it.each(['webgl', 'webgpu', 'tensorflow'])('refuses %s without a binding, naming what is supported', (active) => {
    expect(() => describeTfjs(handed(active, {}))).toThrow(UnsupportedError)
    expect(() => describeTfjs(handed(active, {}))).toThrow(
      `expected the backend tensorflow of tfjs-node, wasm or cpu, found "${active}"`,
    )
  })

  it('refuses what is not ready, not tfjs, or too old', () => {
    expect(() => describeTfjs(handed(undefined, {}))).toThrow('expected an active backend, found none')
    const pending = handed('wasm', {}, { engine: () => ({ registry: {} }) })
    expect(() => describeTfjs(pending)).toThrow('wasm is not ready')
    expect(() => describeTfjs(undefined)).toThrow(InputError)
    expect(() => describeTfjs({})).toThrow('expected the module @tensorflow/tfjs')
    expect(() => describeTfjs(handed('cpu', {}, { version_core: '4.9.0' }))).toThrow('found 4.9.0')
  })
})
