// For the console of the page, and for its test: (await import('./logits.js')).values('/conformance/goldens/tiny/full', [1, 2, 3])
import { webgpu } from '@tramontane/backend-webgpu'
import { fetchFolder, loadBare, run } from '@tramontane/core'

/** All models on one device: most of them have kernels in common. */
let backend

/** Of every token, one row after the other: the logits [T · V], or any other activations. */
export async function values(folder, tokens, outputs = ['logits']) {
  const model = await loadBare(fetchFolder(new URL(folder, location.href)))
  const program = await (await (backend ??= webgpu())).load(model.graph, model.weights)
  try {
    const feed = { sequence: program.open(tokens.length), tokens: Int32Array.from(tokens), logits: 'all' }
    const found = await run(program, [feed], { outputs })
    return outputs.map((name) => [...found.get(name).data])
  } finally {
    await program.dispose()
    await model.close()
  }
}
