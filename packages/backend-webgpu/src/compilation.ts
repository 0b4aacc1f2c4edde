import { adapterName } from './adapter.ts'
import type { KernelName, Shader } from './shaders.ts'

export type Constants = Readonly<Record<string, number | boolean>>

/** Bytes of the parameters of one dispatch: a dynamic offset counts in these. */
export const slot = 256

/** Binding 0 has the parameters, at an offset that each dispatch says. */
export function compile(
  device: GPUDevice,
  kernel: KernelName,
  { code, bindings }: Shader,
  constants: Constants,
): { readonly pipeline: GPUComputePipeline; readonly module: GPUShaderModule } {
  const parameters = { type: 'uniform' as const, hasDynamicOffset: true, minBindingSize: slot }
  const buffers = [
    { binding: 0, buffer: parameters },
    ...bindings.map(({ binding, type }) => ({ binding, buffer: { type } })),
  ]
  const layout = device.createBindGroupLayout({
    entries: buffers.map((entry) => ({ ...entry, visibility: GPUShaderStage.COMPUTE })),
  })
  const values = Object.fromEntries(Object.entries(constants).map(([name, value]) => [name, Number(value)]))
  if (code.includes('override subgroup_width')) values.subgroup_width = device.adapterInfo.subgroupMinSize!
  const module = device.createShaderModule({ label: kernel, code })
  const pipeline = device.createComputePipeline({
    label: `${kernel} ${JSON.stringify(constants)}`,
    layout: device.createPipelineLayout({ bindGroupLayouts: [layout] }),
    compute: { module, entryPoint: 'main', constants: values },
  })
  return { pipeline, module }
}

/** Why a kernel has no pipeline: what the compiler says, or else the device. */
export async function compilationError(
  kernel: string,
  module: GPUShaderModule,
  { adapterInfo }: GPUDevice,
  error: GPUError,
): Promise<Error> {
  const { messages } = await module.getCompilationInfo()
  const errors = messages.filter(({ type }) => type === 'error')
  const said = errors.map(({ lineNum, linePos, message }) => `line ${lineNum}:${linePos}: ${message}`).join('; ')
  return new Error(
    `webgpu: the kernel "${kernel}" does not compile on the adapter ${adapterName(adapterInfo)}: ${said || error.message}; update the driver of the graphics card, or take another backend`,
  )
}
