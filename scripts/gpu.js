// How fast backend-webgpu is on the graphics card that is there, as shares of what that card does in the same run: the shape of
// Mistral 7B with random fp8 weights, made in memory, held against the logits of conformance/goldens/synth, then measured.
//
//   npm run bench:gpu                         builds first; needs 12 GB of memory, and 8 GB on the card plus keys and values
//   npm run bench:gpu -- --shape small        in a minute also on SwiftShader: shows that all is measured, not how fast it is
//
//   --json          everything as JSON          --seconds N   the most that filling a context may take (default 150)
//   --context N     the long context            --enable a,b  toggles of Dawn, such as vulkan_enable_f16_on_nvidia
//   --prompt N      the prompt                  --dawn FILE   a dawn.node, where the npm package `webgpu` is not installed
//   --cache F16     keys and values in 16 bits         --check       only loads, and holds the logits against the golden
//
// On a machine with nothing but Node: bring packages/{core,backend-webgpu,cli}/dist, packages/backend-webgpu/wgsl,
// node_modules/{@huggingface,pbf} and node_modules/webgpu (or a dawn.node) to where they are here, beside what git holds, and start this
// file; no link among node_modules is needed. Vulkan's loader must be found: libvulkan.so.1, and the driver's json file.
import { readFileSync } from 'node:fs'
import { createRequire, register } from 'node:module'
import { resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { watchDevice } from './gpu-watch.js'

process.on('uncaughtException', ({ message }) => {
  console.error(`gpu: ${message}`)
  process.exit(1)
})

const at = (path) => new URL(`../${path}`, import.meta.url)
resolveOurs()
const { blobFolder, byteLength, decode, loadBare, run, synth } = await import(at('packages/core/dist/index.js'))
const { adapterName, findAdapter, measureDevice, openDevice, webgpu } = await import(
  at('packages/backend-webgpu/dist/index.js')
)
const { passCosts, cacheElements } = await import(at('packages/cli/dist/bench/cost.js'))

const small = {
  ...{ hidden_size: 256, intermediate_size: 768, num_hidden_layers: 4, vocab_size: 1000 },
  ...{ num_attention_heads: 8, num_key_value_heads: 2, max_position_embeddings: 2048, head_dim: 32 },
}
const shapes = {
  '7b': { changes: {}, context: 32_768, prompt: 4096, steps: 64 },
  small: { changes: small, context: 192, prompt: 64, steps: 8 },
}
const batch = 8
/** Prompt tokens of one pass: as an engine's pace would settle at on a fast card. */
const chunk = 512

const { values: given } = parseArgs({
  options: {
    shape: { type: 'string', default: '7b' },
    json: { type: 'boolean', default: false },
    seconds: { type: 'string', default: '150' },
    context: { type: 'string' },
    prompt: { type: 'string' },
    enable: { type: 'string', default: '' },
    cache: { type: 'string', default: 'F32' },
    check: { type: 'boolean', default: false },
    dawn: { type: 'string' },
  },
})
const shape = shapes[given.shape]
if (shape === undefined) throw new Error(`--shape ${given.shape}: expected ${Object.keys(shapes).join(' or ')}`)
const longest = Number(given.context ?? shape.context)
const promptLength = Number(given.prompt ?? shape.prompt)

const gpu = await openGpu()
const adapter = await findAdapter(gpu)
const device = await openDevice(adapter)
say(`on ${adapterName(adapter.info)}`)

say('measuring the card ...')
const limits = await measureDevice(device)
const watch = watchDevice(device)
say('making weights ...')
const model = await loadBare(await made())
const costs = passCosts(model.graph)
const vocabulary = model.config.vocabulary ?? model.graph.weights['embedding.weight'].shape[0]

say('loading ...')
const startedLoading = performance.now()
const program = await (await webgpu(device, { cache: given.cache })).load(model.graph, model.weights)
await device.queue.onSubmittedWorkDone()
const loading = (performance.now() - startedLoading) / 1000
const weightBytes = program.usage().weights
const checkpointBytes = [...model.weights.specs.values()].reduce((sum, spec) => sum + byteLength(spec), 0)
const loaded = watch.bytes()
const position = program.usage().position / cacheElements(model.graph)

const document = {
  schema: 'tramontane-gpu',
  version: 1,
  date: new Date().toISOString(),
  node: process.version,
  adapter: adapterName(adapter.info),
  features: [...device.features].sort(),
  shape: given.shape,
  limits,
  load: { seconds: loading, checkpointBytes, weightBytes, deviceBytes: loaded },
  golden: given.shape === '7b' ? await againstGolden() : null,
  measured: [],
}
if (!given.check) {
  say('measuring ...')
  document.measured.push(await decoding('decode', 1, 16))
  document.measured.push(await prefilling())
  document.measured.push(await decoding(`decode, ${batch} sequences`, batch, 16))
  document.measured.push(await decoding('decode, long context', 1, longest - shape.steps - 16))
}
document.memory = { deviceBytes: watch.bytes(), peakBytes: watch.peak(), ...program.usage() }
console.log(given.json ? JSON.stringify(document, null, 2) : table(document))
await program.dispose()
device.destroy()
// Dawn's threads are ended by hand.
process.exit(document.golden?.right === false ? 1 : 0)

/** Tokens one after another, each drawn on the device, the next step handed in before the last is read. */
async function decoding(what, sequences, wanted) {
  const { depth, fed, seconds: filling } = await filled(sequences, wanted)
  let last = fed.map((sequence) => ({ sequence, tokens: Int32Array.of(7), logits: 'last' }))
  const step = () => {
    const pass = program.submit(last, { choose: 'greedy', outputs: [] })
    last = fed.map((sequence, i) => ({ sequence, tokens: pass.drawn[i], logits: 'last' }))
    return Promise.all(pass.drawn.map(({ token }) => token))
  }
  for (let i = 0; i < 3; i++) await step()
  const buffers = watch.created()
  const started = performance.now()
  let before = step()
  for (let i = 1; i < shape.steps; i++) {
    const next = step()
    await before
    before = next
  }
  await before
  const seconds = (performance.now() - started) / 1000 / shape.steps
  const created = watch.created() - buffers
  const past = depth + 3 + Math.round(shape.steps / 2)
  const cost = costs({ past, T: 1, R: 1, batch: sequences })
  const profile = await profiled(step)
  for (const sequence of fed) sequence.close()
  return figures(what, { sequences, depth, filling }, { seconds, tokens: sequences, cost, created, profile })
}

/** A prompt from its first token to the logits after its last. */
async function prefilling() {
  const tokens = prompt(promptLength)
  const all = async () => {
    const sequence = program.open(promptLength)
    await feed(sequence, tokens, true)
    sequence.close()
  }
  await all()
  const started = performance.now()
  await all()
  const seconds = (performance.now() - started) / 1000
  const pieces = Array.from({ length: Math.ceil(promptLength / chunk) }, (_, i) => i * chunk)
  const cost = { operations: 0, weightBytes: 0, cacheReads: 0, cacheWrites: 0 }
  for (const past of pieces) {
    const T = Math.min(chunk, promptLength - past)
    const piece = costs({ past, T, R: past + T === promptLength ? 1 : 0 })
    for (const key of Object.keys(cost)) cost[key] += piece[key]
  }
  const profile = await profiled(all)
  return figures('prefill', { sequences: 1, depth: 0 }, { seconds, tokens: promptLength, cost, created: null, profile })
}

function figures(what, about, { seconds, tokens, cost, created, profile }) {
  const bytes = cost.weightBytes + (cost.cacheReads + cost.cacheWrites) * position
  return {
    what,
    ...about,
    tokens,
    seconds,
    tokensPerSecond: tokens / seconds,
    bytes,
    ofBandwidth: bytes / seconds / limits.bytesPerSecond,
    operations: cost.operations,
    ofArithmetic: cost.operations / seconds / limits.operationsPerSecond,
    buffersCreated: created,
    ...profile,
  }
}

/** The same once more with clocks: of the whole on the card, then of each dispatch by itself, which costs a little more. */
async function profiled(work) {
  const whole = await watch.time('passes', work)
  const kernels = await watch.time('dispatches', work)
  return {
    wallSeconds: whole.wall,
    gpuSeconds: whole.gpu,
    dispatches: kernels.dispatches,
    kernels: kernels.kernels,
  }
}

/** Sequences that hold `wanted` tokens, or as many as there is time for. */
async function filled(count, wanted) {
  const started = performance.now()
  const first = program.open(longest)
  const tokens = prompt(wanted)
  let depth = 0
  while (depth < wanted && (performance.now() - started) / 1000 < Number(given.seconds)) {
    const next = Math.min(wanted, depth + chunk)
    await program.submit([{ sequence: first, tokens: tokens.subarray(depth, next), logits: 'none' }], { outputs: [] })
      .done
    depth = next
  }
  if (depth < wanted) say(`a context of ${wanted} tokens was cut to ${depth}: --seconds ${given.seconds}`)
  const fed = [first, ...Array.from({ length: count - 1 }, () => first.fork())]
  return { depth, fed, seconds: (performance.now() - started) / 1000 }
}

async function feed(sequence, tokens, wantsLogits) {
  let pass
  for (let from = 0; from < tokens.length; from += chunk) {
    const piece = tokens.subarray(from, from + chunk)
    const logits = wantsLogits && from + chunk >= tokens.length ? 'last' : 'none'
    pass = program.submit([{ sequence, tokens: piece, logits }], { choose: 'greedy', outputs: [] })
  }
  // Passes run in their order.
  await pass.done
}

function prompt(length) {
  return Int32Array.from({ length }, (_, i) => 3 + ((i * 7919) % (vocabulary - 3)))
}

/** As `tramontane synth` writes it, in memory. */
async function made() {
  const config = JSON.parse(readFileSync(at('models/mistral-7b-instruct-v0.2/config.json'), 'utf8'))
  const text = JSON.stringify({ ...config, ...shape.changes })
  const source = blobFolder(new Map([['config.json', new Blob([text])]]), given.shape)
  const files = new Map()
  const { seed } = goldenFile()
  for await (const { name, chunks } of synth(source, { seed })) {
    const parts = []
    // A piece is the next one's memory.
    for await (const piece of chunks) parts.push(piece.slice())
    files.set(name, new Blob(parts))
  }
  return blobFolder(files, given.shape)
}

function goldenFile() {
  return JSON.parse(readFileSync(at('conformance/goldens/synth/seven-billion.json'), 'utf8'))
}

/** The bound is that of scripts/seven-billion.js for float32. */
async function againstGolden() {
  const golden = goldenFile()
  const sequence = program.open(golden.tokens.length)
  const feeds = [{ sequence, tokens: Int32Array.from(golden.tokens), logits: 'last' }]
  const logits = decode((await run(program, feeds)).get('logits'))
  sequence.close()
  const differences = golden.logits.map((expected, i) => Math.abs(logits[i * golden.every] - expected))
  const difference = Math.max(...differences, Math.abs(Math.hypot(...logits) - golden.norm)) / golden.norm
  return { difference, right: difference <= 1.2e-6 && logits.indexOf(Math.max(...logits)) === golden.largest }
}

function table({ adapter: name, limits, load, golden, measured, memory, node }) {
  const GB = (bytes) => `${(bytes / 1e9).toFixed(3)} GB`
  const share = (value) => `${(100 * value).toFixed(1)} %`
  const ms = (seconds) => (seconds === null ? '-' : `${(1000 * seconds).toFixed(2)} ms`)
  const heads = ['', 'depth', 'tok/s', 'of memory', 'of f32', 'wall', 'on the card', 'dispatches', 'buffers made']
  const rows = measured.map((m) => [
    ...[m.what, String(m.depth), m.tokensPerSecond.toFixed(1), share(m.ofBandwidth), share(m.ofArithmetic)],
    ...[ms(m.wallSeconds), ms(m.gpuSeconds), String(m.dispatches), String(m.buffersCreated ?? '-')],
  ])
  const widths = heads.map((head, i) => Math.max(head.length, ...rows.map((row) => row[i].length)))
  const line = (cells) =>
    cells.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]) : cell.padStart(widths[i]))).join('  ')
  const judged =
    golden && `${golden.right ? 'right' : 'WRONG'}: ${golden.difference.toExponential(1)} of the norm from NumPy`
  return [
    `${name}; Node ${node}; shape ${given.shape}`,
    `memory ${GB(limits.bytesPerSecond)}/s (sum of ${GB(limits.bytes)}), f32 ${(limits.operationsPerSecond / 1e9).toFixed(1)} GFLOP/s (fma)`,
    `loaded from memory in ${load.seconds.toFixed(1)} s: checkpoint ${GB(load.checkpointBytes)}, on the device ${GB(load.deviceBytes)}; at the end ${GB(memory.deviceBytes)}, at most ${GB(memory.peakBytes)}`,
    ...(judged ? [`logits ${judged}`] : []),
    '',
    line(heads),
    ...rows.map(line),
    '',
    'wall and on the card: of a step, of a whole prompt, measured once more with clocks',
    ...measured.filter(({ kernels }) => kernels).map(({ what, kernels }) => `${what}: ${byKernel(kernels, ms)}`),
  ].join('\n')
}

function byKernel(kernels, ms) {
  return kernels.map(({ kernel, seconds, dispatches }) => `${kernel} ${ms(seconds)} (${dispatches})`).join(', ')
}

/** Clocks to the nanosecond, which browsers round. */
async function openGpu() {
  const { create, globals } = given.dawn ? createRequire(import.meta.url)(resolve(given.dawn)) : await import('webgpu')
  for (const [key, value] of Object.entries(globals)) if (!(key in globalThis)) Reflect.set(globalThis, key, value)
  // As the backend opens it, and what the user asks for.
  const features = ['disable_workgroup_init', ...(given.enable ? [given.enable] : [])].join(',')
  // Kept by `gpu`, at the top: Dawn ends the process when it is collected.
  return create(['disable-dawn-features=timestamp_quantization', `enable-dawn-features=${features}`])
}

/** Our packages without the links that npm makes in node_modules. */
function resolveOurs() {
  const ours = { '@tramontane/core': at('packages/core/dist/index.js').href }
  const hook = `const ours = ${JSON.stringify(ours)}
    export const resolve = (name, context, next) => ours[name] ? { url: ours[name], shortCircuit: true } : next(name, context)`
  register(`data:text/javascript,${encodeURIComponent(hook)}`)
}

function say(text) {
  process.stderr.write(`${text}\n`)
}
