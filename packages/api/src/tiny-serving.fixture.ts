import { readFileSync } from 'node:fs'
import {
  blobFolder,
  engine,
  loadFolder,
  reference,
  synth,
  type Engine,
  type EngineOptions,
  type Folder,
  type Model,
} from '@tramontane/core'
import { faulty, type FaultyProgram } from './faulty-program.fixture.ts'
import { prompts } from './prompts.ts'
import type { Serving } from './serving.ts'

/** A model of a few milliseconds a pass that has SmolLM2's vocabulary and chat template. */
export const tinyConfig = {
  architectures: ['LlamaForCausalLM'],
  model_type: 'llama',
  hidden_size: 16,
  intermediate_size: 32,
  num_hidden_layers: 2,
  num_attention_heads: 2,
  num_key_value_heads: 1,
  hidden_act: 'silu',
  rms_norm_eps: 1e-5,
  rope_theta: 10_000,
  max_position_embeddings: 512,
  vocab_size: 49_152,
  tie_word_embeddings: false,
  bos_token_id: 1,
  eos_token_id: 2,
}

const text = ['tokenizer.json', 'tokenizer_config.json', 'chat_template.jinja', 'generation_config.json']

/** The tiny model's files, weights made up from the seed. */
export async function tinyFolder({ seed = 1, config = {} } = {}): Promise<Folder> {
  const source = new Map([['config.json', new Blob([JSON.stringify({ ...tinyConfig, ...config })])]])
  for (const name of text) source.set(name, new Blob([smollm2(name)]))
  const files = new Map<string, Blob>()
  for await (const { name, chunks } of synth(blobFolder(source, 'shape'), { seed })) {
    const parts: Uint8Array<ArrayBuffer>[] = []
    for await (const part of chunks) parts.push(part.slice() as Uint8Array<ArrayBuffer>)
    files.set(name, new Blob(parts))
  }
  return blobFolder(files, 'tiny')
}

function smollm2(file: string): Uint8Array<ArrayBuffer> {
  return readFileSync(new URL(`../../../models/smollm2-135m-instruct-fp8/${file}`, import.meta.url))
}

/** The tiny model, served by the real engine on the reference backend. */
export interface TinyServing extends Serving {
  readonly engine: Engine
  readonly loaded: Model
  readonly program: FaultyProgram
  close(): Promise<void>
}

/** `tiny` is the model's name, `tiny/alias` another. */
export async function tinyServing(options: Partial<EngineOptions> = {}): Promise<TinyServing> {
  const loaded = await loadFolder(await tinyFolder())
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
