// For the console of the page, and for its test: (await import('./logits.js')).logits('/conformance/goldens/tiny/full', [1, 2, 3])
import { webgpu } from '@tramontane/backend-webgpu'
import { fetchFolder, loadBare, run } from '@tramontane/core'

/** Of every token, one row after the other: [T · V] */
export async function logits(folder, tokens) {
  const model = await loadBare(fetchFolder(new URL(folder, location.href)))
  const program = await (await webgpu()).load(model.graph, model.weights)
  try {
    const feed = { sequence: program.open(tokens.length), tokens: Int32Array.from(tokens), logits: 'all' }
    return [...(await run(program, [feed])).get('logits').data]
  } finally {
    await program.dispose()
    await model.close()
  }
}
