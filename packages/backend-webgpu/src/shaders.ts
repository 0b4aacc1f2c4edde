/** The files of `../wgsl`, without `.wgsl`, that each kernel is put together from; the last one has its name. */
const kernels = {
  append: [],
  gather: [],
  linear: ['decode'],
  lookup: ['decode'],
  mix: [],
  pad: [],
  pointwise: [],
  rms_norm: [],
  rope: [],
  scores: [],
  softmax: [],
} as const
export type KernelName = keyof typeof kernels
export const kernelNames = Object.keys(kernels) as readonly KernelName[]

/** Files that stand in for others: how a device is made the most of. */
export type Variants = Readonly<Record<string, string>>

export interface Shader {
  readonly code: string
  /** Of each binding after that of the parameters. */
  readonly bindings: readonly GPUBufferBindingType[]
}

/** The source of every kernel. They lie beside the sources, and beside what is built of them. */
export async function loadShaders(variants: Variants = {}): Promise<ReadonlyMap<KernelName, Shader>> {
  const load = async (name: KernelName): Promise<[KernelName, Shader]> => {
    const files = [...kernels[name], name].map((file) => text(variants[file] ?? file))
    const code = (await Promise.all(files)).join('\n')
    return [name, { code, bindings: bindingsOf(code) }]
  }
  return new Map(await Promise.all(kernelNames.map(load)))
}

function bindingsOf(code: string): GPUBufferBindingType[] {
  const types: GPUBufferBindingType[] = []
  for (const [, index, access] of code.matchAll(/@binding\((\d+)\) var<storage, (read|read_write)>/g)) {
    types[Number(index) - 1] = access === 'read' ? 'read-only-storage' : 'storage'
  }
  return types
}

async function text(name: string): Promise<string> {
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
