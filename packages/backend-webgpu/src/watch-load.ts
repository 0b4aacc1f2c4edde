import { byteLength, type Backend, type Spec, type WeightSource } from '@tramontane/core'
import { adapterName } from './adapter.ts'
import { checkLimits } from './check-limits.ts'
import type { Recorder } from './recorder.ts'

/**
 * A backend on a recorder's device that says before it loads what has no room in a binding, while it loads which weight
 * found no memory, and when the device is lost. Without it the first pass would say that something had failed.
 */
export function watchLoad(recorder: Recorder, backend: Backend): Backend {
  return {
    ...backend,
    lost: recorder.lost,
    async load(graph, source, options) {
      checkLimits(graph, recorder.device)
      const watched = new Watched(recorder, source)
      const program = await backend.load(graph, watched, options)
      try {
        await watched.check()
        return program
      } catch (error) {
        await program.dispose()
        throw error
      }
    },
  }
}

/** Whoever reads the next weight has put the one before on the device, as far as recording goes. */
class Watched implements WeightSource {
  readonly specs: ReadonlyMap<string, Spec>
  readonly #recorder: Recorder
  readonly #source: WeightSource
  #last = ''
  #bytes = 0

  constructor(recorder: Recorder, source: WeightSource) {
    this.specs = source.specs
    this.#recorder = recorder
    this.#source = source
  }

  async read(...[name, rows]: Parameters<WeightSource['read']>): ReturnType<WeightSource['read']> {
    await this.check()
    const value = await this.#source.read(name, rows)
    this.#last = name
    this.#bytes += byteLength(value)
    return value
  }

  /** @throws {Error} what was read last found no room */
  async check(): Promise<void> {
    try {
      await this.#recorder.check()
    } catch (error) {
      if (this.#last === '') throw error
      const { device } = this.#recorder
      const asked = `weight "${this.#last}", at ${this.#bytes} bytes of weights in all`
      const adapter = adapterName(device.adapterInfo)
      throw new Error(`${asked}, on ${adapter}: ${(error as Error).message}`, { cause: error })
    }
  }
}
