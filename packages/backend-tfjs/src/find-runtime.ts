import { InputError, UnsupportedError } from '@tramontane/core'

/** The runtimes, best first. */
export const runtimeNames = ['tfjs-node-gpu', 'tfjs-node', 'tfjs-wasm', 'tfjs-cpu'] as const
export type RuntimeName = (typeof runtimeNames)[number]

export interface DescribedTfjs {
  readonly name: RuntimeName
  readonly backendName: 'tensorflow' | 'wasm' | 'cpu'
  /** Of tfjs-node, or of tfjs-core. */
  readonly version: string
}

export interface FoundTfjs extends DescribedTfjs {
  /** The module; its backend `backendName` is ready, and need not be the active one. */
  readonly tf: unknown
  /** One sentence: what was taken, and for each better one why not. */
  readonly why: string
}

/** Rejects with the code MODULE_NOT_FOUND, ERR_MODULE_NOT_FOUND, or whatever a browser says. */
export type Load = (specifier: string) => Promise<unknown>

/** The parts of tfjs that are used here. */
interface Tfjs {
  readonly version?: Readonly<Record<string, string>>
  readonly version_core?: string
  getBackend(): string | undefined
  backend(): { readonly binding?: unknown; readonly isGPUPackage?: boolean; readonly isUsingGpuDevice?: boolean }
  engine(): { readonly registry: Record<string, unknown> }
  findBackendFactory(name: string): (() => unknown) | null
  getKernelsForBackend(name: string): readonly { readonly setupFunc?: (backend: unknown) => void }[]
}

/** A package that is not there, or does not load: the next best may do. */
class NotLoaded extends InputError {
  /** What is not there; absent where it is there, but does not load. */
  readonly absent: string | undefined
  constructor(name: RuntimeName, problem: string, remedy: string, absent?: string) {
    super(`${name}: ${problem}; ${remedy}`)
    this.absent = absent
  }
}

/** None of them is there and loads. */
export class NoRuntime extends InputError {}

/**
 * Loads `wanted`, or the best runtime that loads. The active backend stays what it is, but for tfjs-node, which makes itself
 * active when it is first loaded. In Node the folder that TRAMONTANE_TFJS_NODE names is looked at first.
 *
 * @throws {InputError} `wanted` is not installed or does not load; a version that this does not know
 * @throws {NoRuntime} nothing was wanted, and nothing loads
 */
export async function findTfjs(wanted?: RuntimeName, load: Load = loadPackage): Promise<FoundTfjs> {
  if (wanted !== undefined && !runtimeNames.includes(wanted)) {
    throw new InputError(`runtime: expected one of ${runtimeNames.join(', ')}, found "${wanted}"`)
  }
  const misses: NotLoaded[] = []
  for (const name of wanted === undefined ? runtimeNames : [wanted]) {
    try {
      const found = name === 'tfjs-wasm' || name === 'tfjs-cpu' ? await portable(name, load) : await native(name, load)
      return { ...found, why: reasons(found, wanted, misses) }
    } catch (error) {
      if (!(error instanceof NotLoaded) || wanted !== undefined) throw error
      misses.push(error)
    }
  }
  throw new NoRuntime(`expected TensorFlow.js, found none that loads:\n${misses.map((e) => e.message).join('\n')}`)
}

/**
 * What a module is that its user loaded himself: tfjs-node, or tfjs with its backend wasm or cpu active.
 *
 * @throws {UnsupportedError} another backend is active
 * @throws {InputError} not tfjs, no backend that is ready, or a version that this does not know
 */
export function describeTfjs(module: unknown): DescribedTfjs {
  const tf = plain(module) as Partial<Tfjs> | undefined
  if (typeof tf?.getBackend !== 'function' || typeof tf.backend !== 'function') {
    throw new InputError(`tf: expected the module @tensorflow/tfjs, tfjs-core or tfjs-node, found ${typeof module}`)
  }
  const active = tf.getBackend()
  if (!active || tf.engine?.().registry[active] === undefined) {
    const found = active ? `that ${active} is not ready` : 'none'
    throw new InputError(`tf: expected an active backend, found ${found}; first \`await tf.setBackend('wasm')\``)
  }
  const backend = tf.backend()
  if (active === 'tensorflow' && backend.binding) {
    const name = backend.isGPUPackage ? 'tfjs-node-gpu' : 'tfjs-node'
    return {
      name,
      backendName: active,
      version: checked(`@tensorflow/${name}`, tf.version?.['tfjs-node'] ?? tf.version_core),
    }
  }
  if (active === 'wasm' || active === 'cpu') {
    const version = checked('@tensorflow/tfjs-core', tf.version_core ?? tf.version?.['tfjs-core'])
    return { name: `tfjs-${active}`, backendName: active, version }
  }
  throw new UnsupportedError(`tf: expected the backend tensorflow of tfjs-node, wasm or cpu, found "${active}"`)
}

async function native(name: 'tfjs-node-gpu' | 'tfjs-node', load: Load): Promise<Omit<FoundTfjs, 'why'>> {
  const specifier = `@tensorflow/${name}`
  const script = `node scripts/tfjs-node.js${name === 'tfjs-node-gpu' ? ' --gpu' : ''}`
  const install = `npm install ${specifier}\` or, where its download fails, \`${script}`
  const tf = await loaded(
    name,
    specifier,
    load,
    install,
    `${script}\` or \`npm rebuild ${specifier} --build-addon-from-source`,
  )
  const version = checked(specifier, tf.version?.['tfjs-node'], lookedAtFirst(specifier))
  return { name, tf, backendName: 'tensorflow', version }
}

async function portable(name: 'tfjs-wasm' | 'tfjs-cpu', load: Load): Promise<Omit<FoundTfjs, 'why'>> {
  const backendName = name === 'tfjs-wasm' ? 'wasm' : 'cpu'
  const [core, specifier] = ['@tensorflow/tfjs-core', `@tensorflow/tfjs-backend-${backendName}`]
  const install = `npm install ${core} ${specifier}`
  const tf = await loaded(name, core, load, install)
  const backend = await loaded<{ [version: `version_${string}`]: string } & WasmPaths>(name, specifier, load, install)
  const version = checked(core, tf.version_core)
  const other = checked(specifier, backend[`version_${backendName}`])
  if (other !== version) {
    throw new InputError(
      `${specifier}: expected the version of ${core}, ${version}, found ${other}; \`${install}@${version}\``,
    )
  }
  if (backendName === 'wasm' && tf.engine().registry.wasm === undefined) await setWasmFolder(backend, specifier)
  await start(tf, backendName, specifier)
  return { name, tf, backendName, version }
}

/** Makes a backend ready as `tf.setBackend` does, except that the active one stays active meanwhile. */
async function start(tf: Tfjs, name: 'wasm' | 'cpu', specifier: string): Promise<void> {
  const { registry } = tf.engine()
  if (registry[name] !== undefined) return
  const factory = tf.findBackendFactory(name)
  if (!factory) {
    throw new InputError(`${specifier}: expected that it registers the backend ${name}, found none; was it removed?`)
  }
  const backend = await Promise.resolve(factory()).catch((error: unknown) => {
    throw new NotLoaded(`tfjs-${name}`, `${specifier} does not start (${firstLine(error)})`, 'are its files complete?')
  })
  // Somebody may have been quicker; two would not know each other's tensors.
  if (registry[name] !== undefined) return
  registry[name] = backend
  // What only `setBackend` would call; it may do so again.
  for (const { setupFunc } of tf.getKernelsForBackend(name)) setupFunc?.(backend)
}

interface WasmPaths {
  readonly setWasmPaths: (folder: string) => void
}

/** In Node the package's own folder; in a browser its user knows where the files are. */
async function setWasmFolder({ setWasmPaths }: WasmPaths, specifier: string): Promise<void> {
  if (!inNode()) return
  const path = (await requireFrom(import.meta.url)).resolve(specifier)
  setWasmPaths(path.slice(0, Math.max(path.lastIndexOf('/'), path.lastIndexOf('\\')) + 1))
}

async function loaded<T = Tfjs>(name: RuntimeName, specifier: string, load: Load, install: string, rebuild?: string) {
  try {
    return plain(await load(specifier)) as T
  } catch (error) {
    if (isMissing(error, specifier)) {
      throw new NotLoaded(name, `${specifier} is not installed${nor(specifier)}`, `\`${install}\``, specifier)
    }
    throw new NotLoaded(name, `${specifier} does not load (${firstLine(error)})`, `\`${rebuild ?? install}\``)
  }
}

function nor(specifier: string): string {
  const folder = nativeFolder(specifier)
  return folder === undefined ? '' : `, nor in ${folder}, which TRAMONTANE_TFJS_NODE names`
}

/** Where a package of a wrong version may lie: an installation elsewhere would not be seen. */
function lookedAtFirst(specifier: string): string {
  const folder = nativeFolder(specifier)
  return folder === undefined ? '' : `; TRAMONTANE_TFJS_NODE names ${folder}, which is looked at first`
}

/** CommonJS seen through import(): the module itself is its default export. */
function plain(module: unknown): unknown {
  const inner = (module as { default?: object } | undefined)?.default
  return inner && Object.keys(inner).length > 0 ? inner : module
}

/** Whether just this package is missing, not a file of it or a package that it needs. */
function isMissing(error: unknown, specifier: string): boolean {
  const { code, message = '' } = (error ?? {}) as { code?: string; message?: string }
  if (/MODULE_NOT_FOUND$/.test(code ?? '')) return message.includes(`'${specifier}'`)
  // Of Vite, for an optional peer that is not there; of browsers.
  if (message.includes(`Could not resolve "${specifier}"`)) return true
  return /failed to resolve module specifier|failed to fetch dynamically/i.test(message)
}

function firstLine(error: unknown): string {
  const message = (error as { message?: string } | undefined)?.message ?? String(error)
  return message.split('\n')[0].trim()
}

/** Kernels and their attributes are known as of 4.22; before and after 4 they may differ. */
function checked(specifier: string, version: string | undefined, where = ''): string {
  const [major, minor] = (version ?? '').split('.').map(Number)
  if (version !== undefined && major === 4 && minor >= 22) return version
  const found = `${version ?? 'none'}${where}`
  throw new InputError(
    `${specifier}: expected a version from 4.22 and below 5, found ${found}; \`npm install ${specifier}@4.22\``,
  )
}

function reasons(
  { name, tf }: { name: RuntimeName; tf: unknown },
  wanted: unknown,
  misses: readonly NotLoaded[],
): string {
  const gpu = name === 'tfjs-node-gpu' && (tf as Tfjs).backend().isUsingGpuDevice === false
  const took = `${name}${wanted === undefined ? '' : ', as asked for'}${gpu ? ', although TensorFlow sees no GPU' : ''}`
  if (misses.length === 0) return took
  const absent = misses.flatMap((miss) => miss.absent ?? [])
  const broken = misses.filter((miss) => miss.absent === undefined).map(({ message }) => message)
  const are = absent.length === 1 ? 'is' : 'are'
  const missing = absent.length === 0 ? [] : [`${absent.join(' and ')} ${are} not installed${nor(absent[0])}`]
  return `${took}: ${[...missing, ...broken].join('; ')}`
}

function inNode(): boolean {
  return typeof process === 'object' && typeof process.versions?.node === 'string'
}

/** Where `scripts/tfjs-node.js` has put tfjs-node, if somewhere. */
function nativeFolder(specifier: string): string | undefined {
  return inNode() && /tfjs-node(-gpu)?$/.test(specifier) ? process.env.TRAMONTANE_TFJS_NODE || undefined : undefined
}

async function loadPackage(specifier: string): Promise<unknown> {
  const folder = nativeFolder(specifier)
  if (folder === undefined) return imported(specifier)
  try {
    const { resolve } = await imported<{ resolve(...parts: string[]): string }>('node:path')
    return (await requireFrom(resolve(folder, 'package.json')))(specifier)
  } catch (error) {
    if (!isMissing(error, specifier)) throw error
    return imported(specifier)
  }
}

async function requireFrom(path: string): Promise<NodeJS.Require> {
  const { createRequire } = await imported<{ createRequire(path: string): NodeJS.Require }>('node:module')
  return createRequire(path)
}

/** No bundler and no compiler sees the name, so none asks for the package. */
function imported<T>(specifier: string): Promise<T> {
  return import(/* @vite-ignore */ /* webpackIgnore: true */ specifier)
}
