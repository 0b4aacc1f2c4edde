export { openDevice } from './device.ts'
export { webgpu } from './webgpu.ts'
