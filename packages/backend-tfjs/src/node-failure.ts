import type { Binding } from './node-binding.ts'

/** Returns the new tensor's id. @throws {Error} of shape and remedy, when TensorFlow fails */
export function createTensor(
  name: string,
  binding: Binding,
  ...[shape, dtype, data]: Parameters<Binding['createTensor']>
): number {
  try {
    return binding.createTensor(shape, dtype, data)
  } catch (error) {
    throw failure(`${name}: a tensor [${shape.join(', ')}] of ${data.length} elements`, error)
  }
}

/** TensorFlow's words, and what to do: it says RESOURCE_EXHAUSTED (8), or OOM, when memory is out. */
export function failure(what: string, error: unknown): Error {
  const said = String((error as Error)?.message ?? error)
  const words = said.replace(/^Invalid TF_Status: \d+\s*(Message: )?/, '').trim()
  if (/^Invalid TF_Status: 8\b|\bOOM\b/.test(said)) {
    const remedy =
      'close sequences, use a shorter context or a smaller batch, or a lower `memory`, which holds weights in 16 bits'
    return new Error(`${what}: out of memory: ${words}; ${remedy}`, { cause: error })
  }
  const remedy = 'check that the shapes fit the op, and that no input was freed'
  return new Error(`${what}: TensorFlow says: ${words}; ${remedy}`, { cause: error })
}
