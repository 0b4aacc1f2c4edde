import { presentTfjs, runtimeNames, tfjs, type RuntimeName, type TfjsBackend } from '@tramontane/backend-tfjs'
import { reference } from '@tramontane/core'
import type { Made } from './made.ts'
import { openWebgpu, presentWebgpu, type PresentWebgpu } from './present-webgpu.ts'

/** What `--backend` can name where one computes: the fastest that is there, the reference, a graphics card, TensorFlow.js's runtimes. */
export const computing: readonly string[] = ['auto', 'reference', 'webgpu', ...runtimeNames]

/** What `auto` chooses among, beside the reference. */
export interface Present {
  readonly webgpu: typeof presentWebgpu
  readonly tfjs: typeof presentTfjs
}

/**
 * The backend of a name; of `auto` a graphics card that WebGPU finds, else the fastest that loads. Of what computes in plain
 * JavaScript that is the reference, and so it is of WebAssembly for a model that does not fit there.
 *
 * @throws {InputError} what was asked for does not load; a runtime that is in the way of `auto` cannot be used
 */
export async function makeBackend(
  asked: string,
  forWasm = true,
  present: Present = { webgpu: presentWebgpu, tfjs: presentTfjs },
): Promise<Made> {
  if (asked === 'reference') return ours(null)
  if (asked === 'webgpu') return openWebgpu()
  if (asked !== 'auto') return theirs(await tfjs(asked as RuntimeName))
  const card: PresentWebgpu = await present.webgpu()
  if ('made' in card) return card.made
  const made = await withoutCard(forWasm, present)
  // Of who did not install it nobody need hear.
  return card.absent === null ? made : { ...made, about: { ...made.about, why: `${made.about.why}; ${card.absent}` } }
}

async function withoutCard(forWasm: boolean, present: Present): Promise<Made> {
  const found = await present.tfjs()
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
  if (asked === 'webgpu') return '`--backend auto` takes what is there, `--backend reference` needs nothing'
  const reference = '`--backend reference` needs no TensorFlow.js'
  return asked === 'tfjs-wasm' || asked === 'tfjs-cpu'
    ? reference
    : `${reference}, \`--backend tfjs-wasm\` no tfjs-node`
}
