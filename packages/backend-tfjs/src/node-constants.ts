import { createTensor } from './node-failure.ts'
import { types, type Binding } from './node-binding.ts'

/** Constants that are kept at most. A call uses two at a time. */
const most = 1024

/**
 * Axes, permutations and shapes as int32 tensors, and single floats, by value. The one that went unused for longest makes
 * room.
 */
export class Constants {
  readonly #binding: Binding
  readonly #name: string
  readonly #ids = new Map<string, number>()

  constructor(binding: Binding, name: string) {
    this.#binding = binding
    this.#name = name
  }

  get size(): number {
    return this.#ids.size
  }

  /** The id of a tensor [values.length]. */
  vector(values: readonly number[]): number {
    return this.#find(values.join(), [values.length], types.int32, () => Int32Array.from(values))
  }

  /** The id of a tensor []. */
  scalar(value: number): number {
    return this.#find(`=${value}`, [], types.int32, () => Int32Array.of(value))
  }

  /** The id of a float32 tensor []. */
  float(value: number): number {
    return this.#find(`f${value}`, [], types.float, () => Float32Array.of(value))
  }

  #find(key: string, shape: readonly number[], dtype: number, values: () => Int32Array | Float32Array): number {
    const known = this.#ids.get(key)
    if (known !== undefined) this.#ids.delete(key)
    else if (this.#ids.size >= most) this.#dropOldest()
    const id = known ?? createTensor(this.#name, this.#binding, shape, dtype, values())
    this.#ids.set(key, id)
    return id
  }

  #dropOldest(): void {
    const [key, id] = this.#ids.entries().next().value!
    this.#ids.delete(key)
    this.#binding.deleteTensor(id)
  }
}

const ofBinding = new WeakMap<Binding, Constants>()

/** Runtimes on one binding share them: none of them counts those of another as tensors that somebody forgot to free. */
export function constantsOf(binding: Binding, name: string): Constants {
  if (!ofBinding.has(binding)) ofBinding.set(binding, new Constants(binding, name))
  return ofBinding.get(binding)!
}
