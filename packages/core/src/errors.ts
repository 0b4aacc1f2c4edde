/**
 * Bad input: a file, a tensor, a setting or an argument that cannot be used. The message says where, what was expected
 * and what was found; it is meant to be shown to a person as it is.
 */
export class InputError extends Error {
  override readonly name: string = 'InputError'
}

/** A checkpoint or request that is well formed but asks for something this engine does not do. */
export class UnsupportedError extends InputError {
  override readonly name: string = 'UnsupportedError'
}

/** There is no room for a request now; there will be later. */
export class QueueFullError extends Error {
  override readonly name: string = 'QueueFullError'
}
