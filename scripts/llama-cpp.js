// How fast llama.cpp is on the bundled model's weights, for docs/benchmarks.md: node-llama-cpp's own CPU binary, weights as
// Q8_0, judged by the goldens and then measured as `tramontane bench` measures. Installs what it needs, once.
//
//   node scripts/llama-cpp.js [MODEL] [--threads N] [--prompt 512] [--generate 64] [--depth 512] [--batch 8]
//                             [--repetitions 3] [--json]
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { copyFileSync, existsSync, mkdirSync, readFileSync, readdirSync, renameSync, statSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { basename, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'

const root = fileURLToPath(new URL('..', import.meta.url))
const python = `${root}.venv/bin/python`
const folder = 'conformance/llama-cpp'
const cache = `${root}.cache/llama-cpp`
const usage =
  'usage: node scripts/llama-cpp.js [MODEL] [--threads N] [--prompt N] [--generate N] [--depth N] [--batch N] [--repetitions N] [--json]'
const numbers = { threads: availableParallelism(), prompt: 512, generate: 64, depth: 512, batch: 8, repetitions: 3 }

try {
  const { directory, plan, json } = asked()
  install('conformance/goldens/requirements.txt', 'requirements.txt')
  install(`${folder}/requirements.txt`, 'requirements-llama-cpp.txt')
  installPackage()
  // Not before it is installed.
  const [{ bench }, { table }, { readGolden }] = await Promise.all(
    ['bench', 'table', 'golden'].map((name) => import(`../${folder}/${name}.mjs`)),
  )
  const weightsSha256 = sha256(shards(directory))
  const { weights } = readGolden('english')
  if (weightsSha256 !== weights)
    fail(`${directory}: its weights have sha256 ${weightsSha256}, expected ${weights}: there are goldens of no others`)
  const model = { name: basename(directory), weightsSha256 }
  const document = await bench(gguf(directory, weightsSha256), model, plan, (what) => console.error(`${what} ...`))
  console.log(json ? JSON.stringify(document, null, 2) : table(document))
} catch (error) {
  fail(error.message)
}

function asked() {
  const text = Object.fromEntries(Object.keys(numbers).map((name) => [name, { type: 'string' }]))
  const { values, positionals } = parse({ ...text, json: { type: 'boolean', default: false } })
  if (positionals.length > 1) fail(`found ${positionals.length} models, expected one`, usage)
  const directory = resolve(positionals[0] ?? `${root}models/smollm2-135m-instruct-fp8`)
  if (!existsSync(`${directory}/config.json`)) fail(`${directory}: no config.json, expected a model folder`, usage)
  const plan = Object.fromEntries(Object.keys(numbers).map((name) => [name, count(name, values[name])]))
  return { directory, plan, json: values.json }
}

function parse(options) {
  try {
    return parseArgs({ options, allowPositionals: true })
  } catch (error) {
    return fail(error.message, usage)
  }
}

function count(name, given = String(numbers[name])) {
  const [value, least] = [Number(given), name === 'depth' ? 0 : 1]
  if (!/^\d+$/.test(given) || value < least)
    fail(`--${name} ${given}: expected a whole number of ${least} or more`, usage)
  return value
}

/** The list that .venv was installed from is kept in it: a newer list installs again. */
function install(list, stamp) {
  const [wanted, installed] = [`${root}${list}`, `${root}.venv/${stamp}`]
  if (existsSync(installed) && readFileSync(installed, 'utf8') === readFileSync(wanted, 'utf8')) return
  if (!existsSync(python)) run('python3', ['-m', 'venv', '.venv'])
  run(python, ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '-r', list])
  copyFileSync(wanted, installed)
}

/** node-llama-cpp, when it is missing or older than its lock file. --ignore-scripts: its own looks for something to build. */
function installPackage() {
  const written = (file) => statSync(`${root}${folder}/${file}`, { throwIfNoEntry: false })?.mtimeMs ?? 0
  const installed = written('node_modules/.package-lock.json')
  if (installed > 0 && installed >= written('package-lock.json')) return
  run('npm', ['ci', '--ignore-scripts', '--loglevel=error'], `${root}${folder}`)
}

/** The GGUF of these weights, as to_gguf.py writes it now; written once. */
function gguf(directory, weights) {
  const made = [weights, readFileSync(`${root}${folder}/to_gguf.py`), readFileSync(`${root}${folder}/requirements.txt`)]
  const key = made.reduce((hash, part) => hash.update(part), createHash('sha256')).digest('hex')
  const file = `${cache}/${basename(directory)}-${key.slice(0, 12)}.gguf`
  if (existsSync(file)) return file
  mkdirSync(cache, { recursive: true })
  run(python, [`${folder}/to_gguf.py`, directory, `${file}.part`])
  renameSync(`${file}.part`, file)
  return file
}

function shards(directory) {
  const names = readdirSync(directory).filter((name) => name.endsWith('.safetensors'))
  return names.sort().map((name) => `${directory}/${name}`)
}

function sha256(files) {
  return files.reduce((hash, file) => hash.update(readFileSync(file)), createHash('sha256')).digest('hex')
}

/** Standard output is for the result. */
function run(command, args, cwd = root) {
  console.error(`$ ${command.replace(root, '')} ${args.join(' ').replaceAll(root, '')}`)
  const { status, error } = spawnSync(command, args, { cwd, stdio: ['ignore', process.stderr, process.stderr] })
  if (status !== 0) fail(`${command}: ${error?.message ?? `ended with ${status}`}`)
}

function fail(what, more = '') {
  console.error(`llama-cpp: ${what}${more && `\n${more}`}`)
  process.exit(more ? 2 : 1)
}
