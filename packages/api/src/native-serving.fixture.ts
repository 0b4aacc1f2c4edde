import { blobFolder, engine, loadFolder, reference, type Folder } from '@tramontane/core'
import { readFileSync } from 'node:fs'
import { prompts } from './prompts.ts'
import type { Serving } from './serving.ts'
import { tinyFolder } from './tiny-serving.fixture.ts'

const model = new URL('../../../models/mistral-7b-instruct-v0.3/tokenizer.model', import.meta.url)

/** A tiny model with the vocabulary and the format of Mistral v0.3, which has tokens for tools. */
export async function nativeServing(context = 1024) {
  const config = { vocab_size: 32768, hidden_size: 8, intermediate_size: 8, max_position_embeddings: context }
  const words = new Map([['tokenizer.model.v3', new Blob([readFileSync(model)])]])
  const loaded = await loadFolder(withWords(await tinyFolder({ config }), blobFolder(words, 'native')))
  const program = await reference().load(loaded.graph, loaded.weights)
  const running = engine(program, { context })
  const { tokenizer } = loaded
  const about = { ids: ['native'], created: 1_700_000_000, context, end: [2], fingerprint: 'fp_native' }
  const serving: Serving = { model: { ...about, tokenizer, prompts: prompts(loaded) }, engine: running }
  const close = async () => {
    await running.close()
    await program.dispose()
    await loaded.close()
  }
  return { ...serving, loaded, close }
}

/** A model's folder with the vocabulary of another. */
function withWords(folder: Folder, words: Folder): Folder {
  const from = (name: string) => (/^(tokenizer|chat_template|tekken)/.test(name) ? words : folder)
  return {
    name: words.name,
    open: (name) => from(name).open(name),
    text: (name) => from(name).text(name),
    has: (name) => from(name).has(name),
  }
}
