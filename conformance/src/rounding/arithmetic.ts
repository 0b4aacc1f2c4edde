import { decodeCode, encodeCode } from '@tramontane/core'

/** IEEE float32, nearest. */
export const nearest = (x: number): number => Math.fround(x)

const view = new DataView(new ArrayBuffer(4))

/** The next float32 on the other side of x: one step of the bits, away from zero or towards it. */
function other(near: number, x: number): number {
  view.setFloat32(0, near)
  view.setInt32(0, view.getInt32(0) + (Math.abs(near) < Math.abs(x) ? 1 : -1))
  return view.getFloat32(0)
}

/** float32 in whichever direction `farther` says, subnormals flushed: all that WGSL allows. */
function directed(farther: (near: number, x: number) => boolean): (x: number) => number {
  return (x) => {
    const near = Math.fround(x)
    if (Math.abs(near) < 2 ** -126) return 0
    return near === x || !Number.isFinite(near) || !farther(near, x) ? near : other(near, x)
  }
}

/** Up or down at random, seeded. */
export function either(seed: number): (x: number) => number {
  let state = seed >>> 0
  return directed(() => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) >= 2 ** 31)
}

/** Always up. */
export const upward = directed((near, x) => near < x)

/** Rounded to a 16-bit format, nearest. */
export function sixteenBits(dtype: 'F16' | 'BF16'): (x: number) => number {
  return (x) => decodeCode(dtype, encodeCode(dtype, x, 'nan'))
}
