import type { Runtime } from './runtime.ts'

/** Runs a function and frees what it has put under `own` on the way, but for the one tensor that it returns. */
export function tidy<T, R>(runtime: Pick<Runtime<T>, 'free'>, body: (own: (x: T) => T) => R): R {
  const owned: T[] = []
  let result: R | undefined
  try {
    result = body(collect(owned))
    return result
  } finally {
    for (const x of owned) if ((x as unknown) !== result) runtime.free(x)
  }
}

/** Runs a function and keeps all that it has put under `own`, unless it fails half-way. */
export function allOrNone<T, R>(runtime: Pick<Runtime<T>, 'free'>, body: (own: (x: T) => T) => R): R {
  const made: T[] = []
  try {
    return body(collect(made))
  } catch (error) {
    for (const x of made) runtime.free(x)
    throw error
  }
}

function collect<T>(list: T[]): (x: T) => T {
  return (x) => {
    list.push(x)
    return x
  }
}
