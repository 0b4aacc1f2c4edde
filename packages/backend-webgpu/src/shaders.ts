/** Codes → numbers, for whatever a kernel has read. */
const decoding = ['code_values', 'code_quads', 'decode'] as const
const products = [...decoding, 'reduce_workgroup', 'products'] as const

/** The files of `../wgsl`, without `.wgsl`, that each kernel is put together from; the last one has its name. */
const kernels = {
  append: ['pages', 'keep'],
  attend: ['pages', 'quad'],
  combine: ['pages'],
  decode_test: [...decoding, 'codes'],
  gather: [],
  gate_up: ['silu', ...products],
  greedy: ['order'],
  linear: [...decoding, 'codes', 'reduce_workgroup'],
  lookup: [...decoding, 'codes'],
  matmul: [...decoding, 'codes'],
  mix: ['pages', 'quad'],
  pad: [],
  pointwise: ['silu'],
  project: products,
  qkv: ['pages', 'keep', ...products],
  reduce_test: ['reduce_workgroup'],
  rms_norm: ['reduce_workgroup'],
  rope: [],
  rope_append: ['pages', 'keep'],
  scores: ['pages', 'quad'],
  silu_mul: ['silu'],
  softmax: [],
  top: ['order'],
} as const
export type KernelName = keyof typeof kernels
export const kernelNames = Object.keys(kernels) as readonly KernelName[]

/** Files that stand in for others: how a device is made the most of. */
export type Variants = Readonly<Record<string, string>>

export interface StorageBinding {
  readonly binding: number
  readonly type: GPUBufferBindingType
}

export interface Shader {
  readonly code: string
  /** All but that of the parameters, in the order of their numbers. */
  readonly bindings: readonly StorageBinding[]
}

/** The source of every kernel. They lie beside the sources, and beside what is built of them. */
export async function loadShaders(variants: Variants = {}): Promise<ReadonlyMap<KernelName, Shader>> {
  const load = async (name: KernelName): Promise<[KernelName, Shader]> => {
    const files = [...kernels[name], name].map((file) => shaderText(variants[file] ?? file))
    const code = enabled((await Promise.all(files)).join('\n'))
    return [name, { code, bindings: bindingsOf(code) }]
  }
  return new Map(await Promise.all(kernelNames.map(load)))
}

/** Directives stand first in a module, of whichever file they are. */
function enabled(code: string): string {
  const directive = /^(enable|requires) .*;\n/gm
  return (code.match(directive) ?? []).join('') + code.replace(directive, '')
}

function bindingsOf(code: string): StorageBinding[] {
  const found = [...code.matchAll(/@binding\((\d+)\) var<storage, (read|read_write)>/g)]
  return found
    .map(([, index, access]): StorageBinding => ({
      binding: Number(index),
      type: access === 'read' ? 'read-only-storage' : 'storage',
    }))
    .sort((a, b) => a.binding - b.binding)
}

/** The text of a file of `../wgsl`. */
export async function shaderText(name: string): Promise<string> {
  const url = new URL(`../wgsl/${name}.wgsl`, import.meta.url)
  if (url.protocol === 'file:') {
    const path = 'node:fs/promises'
    const { readFile } = (await import(/* @vite-ignore */ /* webpackIgnore: true */ path)) as {
      readFile(url: URL, encoding: string): Promise<string>
    }
    return readFile(url, 'utf8')
  }
  const response = await fetch(url)
  if (!response.ok) throw new Error(`${url.href}: expected a kernel, found status ${response.status}`)
  return response.text()
}
