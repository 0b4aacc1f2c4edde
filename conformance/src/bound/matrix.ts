import { decode, elements, InputError, type Tensor } from '@tramontane/core'

/** A captured value in double precision, row-major [rows, columns]. */
export interface Matrix {
  readonly rows: number
  readonly columns: number
  readonly data: Float64Array
}

/** The numbers of a value that a backend gave. Throws InputError for another shape, or too few or too many numbers. */
export function numbersOf(name: string, value: Tensor, expected = value.shape): Float64Array {
  const { shape, data } = value
  if (shape.join() !== expected.join()) {
    throw new InputError(`${name}: found [${shape.join(', ')}], expected [${expected.join(', ')}]`)
  }
  // What is missing would be judged right.
  if (data.length !== elements(shape)) {
    throw new InputError(`${name}: found ${data.length} elements, expected ${elements(shape)} of [${shape.join(', ')}]`)
  }
  return decode(value)
}

export function matrixOf(name: string, value: Tensor): Matrix {
  return { rows: value.shape[0], columns: value.shape[1], data: numbersOf(name, value) }
}
