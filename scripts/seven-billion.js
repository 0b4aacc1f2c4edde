// The shape of Mistral 7B, whole: writes 7.5 GB of random fp8 weights into a temporary folder (below $TRAMONTANE_SCRATCH if
// that is set), opens it, computes the logits of one token, and holds the numbers against those of
// conformance/goldens/synth/make.py, which knows the weights by their recipe alone. Removes the folder, whatever happens.
//
//   node scripts/seven-billion.js             the reference, one token
//   node scripts/seven-billion.js tfjs-node   another backend; then 20 steps more
import { spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { setup } from './setup.js'

const path = (relative) => fileURLToPath(new URL(`../${relative}`, import.meta.url))
const shape = path('models/mistral-7b-instruct-v0.2')
const golden = JSON.parse(readFileSync(path('conformance/goldens/synth/seven-billion.json'), 'utf8'))

const [backend = 'reference'] = process.argv.slice(2)
const isReference = backend === 'reference'

/** Steps after the one that is judged. */
const steps = isReference ? 0 : 20

/**
 * Seconds to open; peak memory as a share of the checkpoint's size, or in bytes; difference as a share of the logits' norm:
 * [reference.2], else the end-to-end bound of float32 for SmolLM2's logits (4e-7), times the root of how much longer the
 * longest sums are (14,336 to 1,536 terms).
 */
const limits = {
  open: 2,
  ...(isReference ? { share: 1.2, difference: 1e-11 } : { bytes: 24 * 2 ** 30, difference: 1.2e-6 }),
}

setup()
const build = spawnSync(process.execPath, [path('node_modules/typescript/bin/tsc'), '-b', path('packages/cli')], {
  stdio: 'inherit',
})
if (build.status !== 0) process.exit(build.status ?? 1)
const { decode, run } = await import(path('packages/core/dist/index.js'))
const { withEngine } = await import(path('packages/cli/dist/engine.js'))
const { freeMemory } = await import(path('packages/cli/dist/free-memory.js'))

const scratch = mkdtempSync(join(process.env.TRAMONTANE_SCRATCH ?? tmpdir(), 'tramontane-7b-'))
const model = join(scratch, 'model')
let child
let failed = 0
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  process.on(signal, () => {
    child?.kill(signal)
    remove()
    process.exit(1)
  })
}
try {
  checkMemory()
  await measure()
} catch (error) {
  console.error(`error: ${error.message}`)
  failed = 1
} finally {
  remove()
}
console.log(`${1 - failed} passed, ${failed} failed`)
process.exit(failed)

function remove() {
  rmSync(scratch, { recursive: true, force: true, maxRetries: 5 })
}

/** Before anything is written. The engine checks once more, with the exact size. */
function checkMemory() {
  const needed = isReference ? 8.5e9 : 16e9
  const free = freeMemory()
  if (free < needed) throw new Error(`needs ${gigabytes(needed)} of memory, but only ${gigabytes(free)} are free`)
}

async function measure() {
  const writing = await timed(() => tramontane('synth', shape, model, '--seed', String(golden.seed)))
  const size = readdirSync(model).reduce((sum, name) => sum + statSync(join(model, name)).size, 0)
  const opening = await timed(() => tramontane('inspect', model))
  const { loading, token, logits, pace } = await compute()
  const peak = process.resourceUsage().maxRSS * 1024
  const most = limits.bytes ?? limits.share * size
  const difference = distance(logits)
  const varied = logits.every(Number.isFinite) && new Set(logits).size > logits.length / 2
  const rows = [
    ['size', gigabytes(size), '', true],
    ['writing', `${seconds(writing)}, ${(size / writing / 1e9).toFixed(2)} GB/s`, '', true],
    ['opening (inspect)', seconds(opening), `< ${limits.open} s`, opening < limits.open],
    ['loading', `${seconds(loading)}, ${(size / loading / 1e9).toFixed(2)} GB/s`, '', true],
    ['one token', seconds(token), '', true],
    ...(steps > 0 ? [[`${steps} steps`, `${pace.toFixed(2)} tok/s`, '', true]] : []),
    [
      'peak memory',
      `${gigabytes(peak)}, ${(peak / size).toFixed(3)} of the size`,
      `<= ${gigabytes(most)}`,
      peak <= most,
    ],
    ['logits', varied ? 'finite and varied' : 'degenerate', '', varied],
    ['against NumPy', difference.toExponential(1), `<= ${limits.difference}`, difference <= limits.difference],
  ]
  for (const [what, found, limit, right] of rows) {
    console.log(`${what.padEnd(18)} ${found.padEnd(28)} ${limit.padEnd(8)} ${right ? '' : 'FAILED'}`.trimEnd())
  }
  if (!rows.every(([, , , right]) => right)) failed = 1
}

/** What the command `logits` does, in this process, with the time between loading and computing taken; then more steps. */
async function compute() {
  const started = performance.now()
  return withEngine(model, process, backend, async ({ program }) => {
    const loaded = performance.now()
    const sequence = program.open(golden.tokens.length + steps)
    const feed = (tokens) => run(program, [{ sequence, tokens: Int32Array.from(tokens), logits: 'last' }])
    const logits = decode((await feed(golden.tokens)).get('logits'))
    const ended = performance.now()
    for (let i = 0; i < steps; i++) await feed([golden.largest])
    const pace = (1000 * steps) / (performance.now() - ended)
    return { loading: (loaded - started) / 1000, token: (ended - loaded) / 1000, logits, pace }
  })
}

/** Largest difference from the expected logits, their norm and the likeliest token, as a share of the norm. */
function distance(logits) {
  if (logits.indexOf(Math.max(...logits)) !== golden.largest) return Infinity
  const differences = golden.logits.map((expected, i) => Math.abs(logits[i * golden.every] - expected))
  return Math.max(...differences, Math.abs(Math.hypot(...logits) - golden.norm)) / golden.norm
}

/** Runs a command; its output is shown only where it is an error. */
function tramontane(...args) {
  child = spawn(process.execPath, [path('packages/cli/bin/tramontane.js'), ...args], {
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('exit', (code) => (code === 0 ? resolve() : reject(new Error(`tramontane ${args[0]} failed`))))
  })
}

async function timed(work) {
  const started = performance.now()
  await work()
  return (performance.now() - started) / 1000
}

function seconds(time) {
  return `${time.toFixed(1)} s`
}

function gigabytes(bytes) {
  return `${(bytes / 1e9).toFixed(2)} GB`
}
