/** Kernels by file name, without `.wgsl`. */
export const kernelNames = [
  'append',
  'gather',
  'linear',
  'lookup',
  'mix',
  'pad',
  'pointwise',
  'rms_norm',
  'rope',
  'scores',
  'softmax',
] as const
export type KernelName = (typeof kernelNames)[number]

/** Those that read codes begin with `decode.wgsl`. */
const decoding: readonly string[] = ['linear', 'lookup']

/** The source of every kernel. They lie beside the sources, and beside what is built of them. */
export async function loadShaders(): Promise<ReadonlyMap<string, string>> {
  const decode = await text('decode')
  const load = async (name: string): Promise<[string, string]> => {
    const own = await text(name)
    return [name, decoding.includes(name) ? `${decode}\n${own}` : own]
  }
  return new Map(await Promise.all(kernelNames.map(load)))
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
