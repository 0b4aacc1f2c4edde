import { activations, type Model, type Program } from '@tramontane/core'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { attentionMaps } from './attention-map.ts'
import { drawHeatMaps } from './heat-map.ts'
import { logitLens, type Guess } from './logit-lens.ts'
import { openModel } from './open-model.ts'
import { patchHeads } from './patch-head.ts'
import { readAndReplace } from './read-and-replace.ts'

/** From the root of the repository. */
const guidePath = 'docs/guide/activations.md'
const modelPath = 'models/smollm2-135m-instruct-fp8'

/** Runs the examples. → the guide and its pictures as they have to be, by their path from the root */
export async function makeGuide(root: string): Promise<Map<string, string>> {
  const { model, program, close } = await openModel(join(root, modelPath))
  try {
    return await files(root, program, model)
  } finally {
    await close()
  }
}

async function files(root: string, program: Program, model: Model): Promise<Map<string, string>> {
  const France = { prompt: 'The capital of France is', answer: ' Paris' }
  const Italy = { prompt: 'The capital of Italy is', answer: ' Rome' }
  const [plain, silent] = (await readAndReplace(program, model)).map((share) => share.toFixed(2))
  const guesses = await logitLens(program, model, France.prompt, France.answer)
  const effects = await patchHeads(program, model, France, Italy)
  const code = (name: string) => sourceBlock(root, name)
  const blocks = new Map([
    ['open-model.ts', code('open-model.ts')],
    ['names', namesTable(model)],
    ['read-and-replace.ts', code('read-and-replace.ts')],
    ['read-and-replace output', fence('text', `as it is       ${plain}\nhead 4 silent  ${silent}`)],
    ['logit-lens.ts', code('logit-lens.ts')],
    ['logit-lens output', lensTable(guesses)],
    ['patch-head.ts', code('patch-head.ts')],
    ['attention-map.ts', code('attention-map.ts')],
  ])
  return new Map([
    [guidePath, fill(root, guidePath, blocks)],
    ['docs/images/patch-head.svg', patchPicture(effects)],
    ['docs/images/attention-map.svg', await attentionPicture(program, model)],
  ])
}

/** A guide with every block between `<!-- name -->` and `<!-- end -->` as it should be. */
export function fill(root: string, path: string, blocks: ReadonlyMap<string, string>): string {
  const text = readFileSync(join(root, path), 'utf8')
  const names = [...text.matchAll(/<!-- (.+) -->/g)].map(([, name]) => name).filter((name) => name !== 'end')
  const odd = names.find((name) => !blocks.has(name)) ?? [...blocks.keys()].find((name) => !names.includes(name))
  if (odd !== undefined) throw new Error(`${path}: "${odd}" is not both a block of the text and a result`)
  return text.replace(
    /<!-- (.+) -->\n\n[^]*?\n\n<!-- end -->/g,
    (_, name: string) => `<!-- ${name} -->\n\n${blocks.get(name)}\n\n<!-- end -->`,
  )
}

/** A file of this folder, as a block. */
export function sourceBlock(root: string, name: string): string {
  return fence('ts', readFileSync(join(root, 'docs/examples', name), 'utf8').trimEnd())
}

const fence = (language: string, content: string): string => `\`\`\`${language}\n${content}\n\`\`\``

/** Every name of layer 3, and of what belongs to no layer. */
function namesTable({ graph }: Model): string {
  const code = (names: readonly string[]) => names.map((name) => `\`${name}\``).join(', ') || '–'
  const rows = activations(graph)
    .filter(({ name }) => !name.startsWith('layers.') || name.startsWith('layers.3.'))
    .map(
      ({ name, transformerLens, huggingFace, ggml }) =>
        `| ${[[name], transformerLens, huggingFace, ggml].map(code).join(' | ')} |`,
    )
  const head = [
    '| here | TransformerLens hook | Hugging Face module (output) | llama.cpp callback |',
    '|---|---|---|---|',
  ]
  return [...head, ...rows].join('\n')
}

function lensTable(guesses: readonly Guess[]): string {
  const rows = guesses.map(
    ({ layer, token, probability, rank }) =>
      `| ${layer} | \`${JSON.stringify(token)}\` | ${probability.toFixed(2)} | ${rank} |`,
  )
  return ['| after layer | likeliest token | probability | rank of `" Paris"` |', '|---|---|---|---|', ...rows].join(
    '\n',
  )
}

/** Heads from top to bottom, layers from left to right. */
function patchPicture(effects: readonly (readonly number[])[]): string {
  const heads = effects[0].map((_, head) => `${head}`)
  const layers = effects.map((_, layer) => `${layer}`)
  const values = heads.map((_, head) => effects.map((row) => row[head]))
  return drawHeatMaps([{ title: '', rows: heads, columns: layers, values }], {
    title: 'One head of “The capital of France is” put into “The capital of Italy is”',
    rowsAre: 'head',
    columnsAre: 'layer',
    scale: ['away from Paris', 'the answer turns from Rome to Paris (100 = wholly)'],
    writeFrom: 0.15,
  })
}

async function attentionPicture(program: Program, model: Model): Promise<string> {
  const text = 'The capital of France is Paris. The capital of Italy is'
  const heads = [
    { layer: 16, head: 0 },
    { layer: 18, head: 6 },
    { layer: 23, head: 4 },
  ]
  const patterns = await attentionMaps(program, model, text, heads)
  const names = Array.from(model.tokenizer.encode(text), (id) => model.tokenizer.decode([id]).trim())
  const maps = heads.map(({ layer, head }, i) => {
    const values = patterns[i].map((row, t) => row.slice(0, t + 1))
    return { title: `layer ${layer}, head ${head}`, rows: names, columns: names, values }
  })
  return drawHeatMaps(maps, {
    title: 'Where three heads look',
    rowsAre: 'from this token',
    columnsAre: 'to this token',
    scale: [null, '1: all of a token’s attention'],
    writeFrom: 0.15,
  })
}
