// How near a backend on TensorFlow.js comes to its own matrix products: times passes of a model, and in turn with them the
// products alone, of the same shapes on the same runtime in float32. node scripts/against-products.js [RUNTIME] [MODEL]
import { fileURLToPath } from 'node:url'
import { setup } from './setup.js'

const path = (relative) => fileURLToPath(new URL(`../${relative}`, import.meta.url))
const [name = 'tfjs-wasm', folder = path('models/smollm2-135m-instruct-fp8')] = process.argv.slice(2)
/** Tokens of a prompt, sequences of a batch, and times that each is measured. */
const [prompt, batch, repetitions] = [512, 8, 15]

setup()
const { openRuntime, tfjs } = await import(path('packages/backend-tfjs/dist/index.js'))
const { encode, run } = await import(path('packages/core/dist/index.js'))
const { load } = await import(path('packages/core/dist/disk.js'))

const refuse = (error) => {
  console.error(`error: ${error.message}`)
  process.exit(1)
}
const runtime = await openRuntime(name, { memory: Infinity }).catch(refuse)
const model = await load(folder, { tokenizer: false }).catch(refuse)
const linears = model.graph.nodes
  .filter(({ op }) => op === 'linear')
  .map(({ weight }) => model.graph.weights[weight].shape)
const matrices = linears.map(([N, K]) => runtime.matrix(encode('F32', [N, K], new Float32Array(N * K).fill(0.01))))
const backend = await tfjs(name, { memory: Infinity })
const program = await backend.load(model.graph, model.weights)
console.log(`${backend.why}; ${linears.length} products`)

const token = (i) => (i * 7919) % 1000
const tokens = (count, from = 0) => Int32Array.from({ length: count }, (_, i) => token(from + i))
const opened = (count) => Array.from({ length: count }, () => program.open(model.config.context))
const step = (sequences) =>
  run(
    program,
    sequences.map((sequence) => ({ sequence, tokens: tokens(1, sequence.length), logits: 'last' })),
  )

const one = opened(1)
await measure('decode', 1, () => step(one), 1)
const many = opened(batch)
await measure(`decode, batch ${batch}`, batch, () => step(many), batch)
const deep = opened(1)
await feed(deep[0])
await measure(`decode at ${prompt}`, 1, () => step(deep), 1)
await measure(
  `prompt of ${prompt}`,
  prompt,
  async () => {
    const [sequence] = opened(1)
    await feed(sequence)
    sequence.close()
  },
  1,
  5,
)
await program.dispose()

function feed(sequence) {
  return run(program, [{ sequence, tokens: tokens(prompt), logits: 'last' }])
}

/** The head's product has a row for each logit row that is asked for. */
async function measure(what, rows, pass, headRows, times = repetitions) {
  const inputs = linears.map(([, K], i) => {
    const M = i === linears.length - 1 ? headRows : rows
    return runtime.upload(new Float32Array(M * K).fill(0.01), [M, K])
  })
  const [passes, products] = [[], []]
  for (let i = 0; i <= times; i++) {
    passes.push(await seconds(pass))
    products.push(await seconds(() => multiply(inputs)))
  }
  for (const x of inputs) runtime.free(x)
  const [a, b] = [passes, products].map((list) => median(list.slice(1)))
  const rate = (s) => `${(rows / s).toFixed(1)} tok/s`
  console.log(
    `${what.padEnd(18)} ${rate(a).padStart(14)}  products ${rate(b).padStart(14)}  ${((100 * b) / a).toFixed(0)} %`,
  )
}

async function multiply(inputs) {
  let last
  for (const [i, x] of inputs.entries()) {
    if (last !== undefined) runtime.free(last)
    last = runtime.times(x, matrices[i])
  }
  await runtime.download(last)
  runtime.free(last)
}

async function seconds(work) {
  const start = performance.now()
  await work()
  return (performance.now() - start) / 1000
}

function median(list) {
  return list.sort((a, b) => a - b)[Math.floor(list.length / 2)]
}
