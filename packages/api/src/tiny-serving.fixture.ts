import { byteModel, tinyModel } from '@tramontane/conformance/http'
import {
  engine,
  loadFolder,
  reference,
  type Engine,
  type EngineOptions,
  type Folder,
  type Model,
} from '@tramontane/core'
import { faulty, type FaultyProgram } from './faulty-program.fixture.ts'
import { prompts } from './prompts.ts'
import type { Serving } from './serving.ts'

/** A model of some milliseconds a pass, because it has SmolLM2's vocabulary. */
export function tinyFolder({ config = {} } = {}): Promise<Folder> {
  return tinyModel({ config: { hidden_size: 16, intermediate_size: 32, max_position_embeddings: 512, ...config } })
}

/** A tiny model, served by the real engine on the reference backend. */
export interface TinyServing extends Serving {
  readonly engine: Engine
  readonly loaded: Model
  readonly program: FaultyProgram
  close(): Promise<void>
}

/** `tiny` is the model's name, `tiny/alias` another. Of 1,400 tokens, unless it is another folder's. */
export async function tinyServing(
  options: Partial<EngineOptions> = {},
  folder = byteModel({ config: { max_position_embeddings: 512 } }),
): Promise<TinyServing> {
  const loaded = await loadFolder(await folder)
  const program = faulty(await reference().load(loaded.graph, loaded.weights))
  const { context } = { context: 512, ...options }
  const running = engine(program, { ...options, context })
  return {
    model: {
      ids: ['tiny', 'tiny/alias'],
      created: 1_700_000_000,
      context,
      end: loaded.config.end,
      tokenizer: loaded.tokenizer,
      prompts: prompts(loaded),
      fingerprint: 'fp_tiny',
    },
    engine: running,
    loaded,
    program,
    async close() {
      await running.close()
      await program.dispose()
      await loaded.close()
    },
  }
}
