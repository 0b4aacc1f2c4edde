import { presentTfjs, runtimeNames, tfjs, type RuntimeName, type TfjsBackend } from '@tramontane/backend-tfjs'
import { reference, type Backend } from '@tramontane/core'

/** What `--backend` can name where one computes: the fastest that is there, the reference, TensorFlow.js's runtimes. */
export const computing: readonly string[] = ['auto', 'reference', ...runtimeNames]

/** What is said of a backend; plain data, so that it can cross to another thread. */
export interface About {
  readonly name: string
  /** Of what computes underneath: TensorFlow.js, and TensorFlow where it is that; empty for the reference. */
  readonly version: string
  /** Why it is this one, for people; null for the reference that was asked for. */
  readonly why: string | null
}

export interface Made {
  readonly backend: Backend
  readonly about: About
}

/**
 * The backend of a name; of `auto` the fastest that loads. Of what computes in plain JavaScript that is the reference, and so it
 * is of WebAssembly for a model that does not fit there.
 *
 * @throws {InputError} a runtime that was asked for does not load; one that is in the way of `auto` cannot be used
 */
export async function makeBackend(asked: string, forWasm = true, best = presentTfjs): Promise<Made> {
  if (asked === 'reference') return ours(null)
  if (asked !== 'auto') return theirs(await tfjs(asked as RuntimeName))
  const found = await best()
  if (found === null) return ours('TensorFlow.js is not installed or does not load')
  if (found.name === 'tfjs-cpu') return ours(`it is faster than ${found.why}`)
  if (found.name === 'tfjs-wasm' && !forWasm) return ours(`the weights have no room in WebAssembly; ${found.why}`)
  return theirs({ ...(await tfjs(found.name)), why: found.why })
}

function ours(why: string | null): Made {
  return { backend: reference(), about: { name: 'reference', version: '', why } }
}

function theirs({ version, library, why, ...backend }: TfjsBackend): Made {
  const both = library === null ? version : `${version}, TensorFlow ${library}`
  return { backend, about: { name: backend.name, version: both, why } }
}

/** What computes without what was asked for, in words. */
export function others(asked: string): string {
  const reference = '`--backend reference` needs no TensorFlow.js'
  return asked === 'tfjs-wasm' || asked === 'tfjs-cpu'
    ? reference
    : `${reference}, \`--backend tfjs-wasm\` no tfjs-node`
}
