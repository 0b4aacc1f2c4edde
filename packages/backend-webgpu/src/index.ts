export { adapterName, isSoftware } from './adapter.ts'
export { findAdapter, openDevice } from './device.ts'
export { measureDevice, type DeviceLimits } from './measure-limits.ts'
export { webgpu, type WebgpuOptions } from './webgpu.ts'
