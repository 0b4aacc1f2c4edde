import type { Tensor } from './tensor.ts'

/** The bits that are all set in a code that is no finite number. Spec: [dtype.2]. */
const masks = { F8_E4M3: 0x7f, F8_E5M2: 0x7c, F16: 0x7c00, BF16: 0x7f80 } as const

/** Index of the first element that is infinite or not a number; −1 for none. Integers are always finite. */
export function firstNotFinite({ dtype, data }: Tensor): number {
  if (dtype === 'F32' || dtype === 'F64') {
    for (let i = 0; i < data.length; i++) if (!Number.isFinite(data[i])) return i
  } else if (dtype in masks) {
    const mask = masks[dtype as keyof typeof masks]
    const codes = data as Uint8Array | Uint16Array
    for (let i = 0; i < codes.length; i++) if ((codes[i] & mask) === mask) return i
  }
  return -1
}
