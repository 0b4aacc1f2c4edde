import { blobFolder, engine, loadFolder, reference, type EngineOptions, type Folder } from '@tramontane/core'
import { faulty } from './faulty-program.fixture.ts'
import { prompts } from './prompts.ts'
import type { Serving } from './serving.ts'
import { tinyFolder } from './tiny-serving.fixture.ts'

interface TokenizerJson {
  readonly added_tokens: readonly { readonly content: string }[]
  readonly model: { readonly vocab: Readonly<Record<string, number>> }
}

/** SmolLM2's tokenizer without all that is learned: control tokens, and one token a byte. */
async function byteTokenizer(folder: Folder): Promise<TokenizerJson> {
  const json = JSON.parse(await folder.text('tokenizer.json')) as TokenizerJson
  const control = json.added_tokens.map(({ content }) => content)
  const bytes = Object.keys(json.model.vocab).filter((token) => token.length === 1)
  const vocab = Object.fromEntries([...control, ...bytes].map((token, id) => [token, id]))
  return { ...json, model: { ...json.model, vocab, merges: [] } as TokenizerJson['model'] }
}

/**
 * The tiny model with so few words that a pass takes a fraction of a millisecond: for thousands of requests. Close its
 * engine first.
 */
export async function byteServing({ context = 512, ...options }: Partial<EngineOptions> = {}) {
  const tokenizer = await byteTokenizer(await tinyFolder())
  const words = Object.keys(tokenizer.model.vocab).length
  const name = 'tokenizer.json'
  const own = blobFolder(new Map([[name, new Blob([JSON.stringify(tokenizer)])]]), 'bytes')
  const config = { vocab_size: words, max_position_embeddings: context }
  const loaded = await loadFolder(over(await tinyFolder({ config }), own, [name]))
  const program = faulty(await reference().load(loaded.graph, loaded.weights))
  const running = engine(program, { context, ...options })
  const { tokenizer: chosen } = loaded
  const about = { ids: ['tiny'], created: 1_700_000_000, context, end: loaded.config.end, fingerprint: 'fp_bytes' }
  const serving: Serving = { model: { ...about, tokenizer: chosen, prompts: prompts(loaded) }, engine: running }
  const close = async () => {
    await program.dispose()
    await loaded.close()
  }
  return { ...serving, program, close }
}

/** A folder, but for the files that another has. */
function over(folder: Folder, other: Folder, names: readonly string[]): Folder {
  const from = (name: string) => (names.includes(name) ? other : folder)
  return {
    name: other.name,
    open: (name) => from(name).open(name),
    text: (name) => from(name).text(name),
    has: (name) => from(name).has(name),
  }
}
