/** Names of what computes on the CPU: SwiftShader (Chrome's, Android's), Mesa's two, and Microsoft's WARP. */
const software = /swiftshader|llvmpipe|lavapipe|softpipe|microsoft basic render|\bwarp\b/i

/** What an adapter says of itself: vendor, architecture, description. */
export function adapterName({ vendor, architecture, device, description }: GPUAdapterInfo): string {
  return (
    [vendor, architecture, description || device].filter(Boolean).join(' ') || 'an adapter that does not say what it is'
  )
}

/** Whether an adapter computes on the CPU: right, and slower than what is made for a CPU. Its memory is the host's. */
export function isSoftware(info: GPUAdapterInfo): boolean {
  return info.isFallbackAdapter || software.test(adapterName(info))
}
