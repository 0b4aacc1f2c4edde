// The second ring of tests: what other programs say of our files and of our server. Sets up Python in .venv, and other
// people's clients in conformance/clients, once. With a word behind it, only the checks whose name has that word.
import { spawn, spawnSync } from 'node:child_process'
import { copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { served } from './served.js'

const root = fileURLToPath(new URL('..', import.meta.url))
const python = `${root}.venv/bin/python`
const goldens = 'conformance/goldens'
const clients = 'conformance/clients'

function run(command, args, { cwd = root, env = {} } = {}) {
  console.log(`$ ${command.replace(root, '')} ${args.join(' ')}`)
  const { status } = spawnSync(command, args, { cwd, env: { ...process.env, ...env }, stdio: 'inherit' })
  if (status !== 0) process.exit(status ?? 1)
}

/** The tests of a package that need more than npm test does. */
function runTests(folder, env = {}) {
  run(process.execPath, ['node_modules/vitest/vitest.mjs', 'run', '--config', 'vitest.interop.config.ts', folder], {
    env,
  })
}

/** Runs programs together; what each printed is shown when it has ended. */
async function runTogether(commands, { cwd, env }) {
  const passed = commands.map(async ([command, ...args]) => {
    const child = spawn(command, args, { cwd, env: { ...process.env, ...env }, timeout: 600_000 })
    let text = ''
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (bytes) => (text += bytes))
    const status = await new Promise((resolve) => child.once('close', resolve))
    console.log(`$ ${command.replace(root, '')} ${args.join(' ')}\n${text}`)
    return status === 0
  })
  if ((await Promise.all(passed)).includes(false)) process.exit(1)
}

/** The list that .venv was installed from is kept in it: a newer list installs again. */
function installPython(list, stamp) {
  const [wanted, installed] = [`${root}${list}`, `${root}.venv/${stamp}`]
  if (existsSync(installed) && readFileSync(installed, 'utf8') === readFileSync(wanted, 'utf8')) return
  if (!existsSync(python)) run('python3', ['-m', 'venv', '.venv'])
  run(python, ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '-r', list])
  copyFileSync(wanted, installed)
}

/** Other people's clients, when they are missing or older than their lock file. */
function installClients() {
  const written = (file) => statSync(`${root}${clients}/${file}`, { throwIfNoEntry: false })?.mtimeMs ?? 0
  const installed = written('node_modules/.package-lock.json')
  if (installed > 0 && installed >= written('package-lock.json')) return
  run('npm', ['ci', '--ignore-scripts', '--loglevel=error'], { cwd: `${root}${clients}` })
}

installPython(`${goldens}/requirements.txt`, 'requirements.txt')
installPython(`${clients}/requirements.txt`, 'requirements-clients.txt')
installClients()
run(process.execPath, [
  'node_modules/typescript/bin/tsc',
  '-b',
  'packages/cli',
  'packages/backend-webgpu',
  'conformance',
])

const bundled = 'smollm2-135m-instruct-fp8'
const model = `models/${bundled}`
const tramontane = ['node', 'packages/cli/bin/tramontane.js']
const files = [
  [
    'Python safetensors reads the bundled model',
    `${goldens}/safetensors/check.py`,
    ...[1, 2, 3, 4].map((n) => `${model}/model-0000${n}-of-00004.safetensors`),
  ],
  ['stock transformers loads the bundled model and answers', `${goldens}/check_transformers.py`, model],
  ['the goldens of models, made anew, are the committed ones', `${goldens}/make.py`, 'check', model],
  ['mistral-common still says what the goldens of tokens say', `${goldens}/mistral/make.py`, 'check'],
  ['what quantize writes is what PyTorch and compressed-tensors say', `${goldens}/quantize/check.py`, ...tramontane],
  ['what synth writes is what its recipe says', `${goldens}/synth/check.py`, ...tramontane],
].map(([name, ...args]) => [name, () => run(python, args)])

const scratch = mkdtempSync(join(tmpdir(), 'tramontane-interop-'))
process.once('exit', () => rmSync(scratch, { recursive: true, force: true }))
const tiny = join(scratch, 'tiny')
// Not before they are built.
const { writeByteModel, writeTinyModel } = await import('../conformance/dist/http/index.js')
const { judged } = await import('./judged.js')
const { judgeSuite } = await import('./json-schema-suite.js')
await writeTinyModel(tiny)
const quick = join(scratch, 'quick')
await writeByteModel(quick)

const key = 'a-key-for-tests'
/** Few places: a client that is to be refused can take them all. */
const narrow = ['--backend', 'reference', '--slots', '2', '--queue', '1', '--context', '512', '--api-key', key]
const script = (name, url, asked, env) => run(process.execPath, [`${clients}/${name}`, url, asked, key], { env })

const atBundledModel = [
  ['openai for Node', (url) => script('openai-node.mjs', url, bundled)],
  ['openai for Python', (url) => run(python, [`${clients}/openai_python.py`, url, bundled, key])],
  ['Vercel AI SDK', (url) => script('ai-sdk.mjs', url, bundled)],
  ['LangChain', (url) => script('langchain.mjs', url, bundled)],
].map(([name, use]) => [`${name} at the bundled model`, () => served(narrow, use)])

/** Room for tools, what is told of them in a prompt, and their results; on the fastest backend: that is a lot to read. */
const roomy = ['--context', '1024', '--api-key', key]
const structuredAtBundledModel = [
  ['openai for Node', (url) => script('openai-node-structured.mjs', url, bundled)],
  ['openai for Python', (url) => run(python, [`${clients}/openai_python_structured.py`, url, bundled, key])],
  ['Vercel AI SDK', (url) => script('ai-sdk-structured.mjs', url, bundled)],
  ['LangChain', (url) => script('langchain-structured.mjs', url, bundled)],
  ['the newest openai for Node', (url) => script('openai-node-structured.mjs', url, bundled, { CLIENT: 'openai-7' })],
].map(([name, use]) => [`${name}: schemas and tools, at the bundled model`, () => served(roomy, use)])

// At a context that ends the answers in time: the page's examples do not say when to stop.
const pageNames = ['--name', 'mistralai/Mistral-7B-Instruct-v0.2', 'meta-llama/Meta-Llama-3-70B-Instruct']
const page = ['--context', '256', '--slots', '3', '--api-key', key, ...pageNames]

const atTinyModel = ['--model', tiny, '--name', 'tiny']
/** Thousands of requests, most of which are answered. */
const atQuickModel = ['--model', quick]
const schemathesis = (url, ...more) => [
  `${root}.venv/bin/schemathesis`,
  ...['--config-file', `${root}${clients}/schemathesis.toml`],
  ...['run', `${url}/openapi.json`, '--no-color', ...more],
]

const checks = [
  ...files,
  ['the HTTP checks of conformance, against processes of our own', () => judged(scratch)],
  ['JSON Schema, by the JSON-Schema-Test-Suite', () => judgeSuite(python)],
  [
    'the graph on tfjs-node, built against the TensorFlow of a Python wheel',
    () => {
      run(process.execPath, ['scripts/tfjs-node.js'])
      runTests('packages/backend-tfjs', { TRAMONTANE_TFJS_NODE: `${root}.tfjs-node`, TF_CPP_MIN_LOG_LEVEL: '2' })
    },
  ],
  ['the page that chats on WebGPU, in Chromium on a software adapter', () => runTests('packages/backend-webgpu')],
  ...atBundledModel,
  ...structuredAtBundledModel,
  [
    'the newest openai for Node, which runs on Node 20 but does not say so',
    () => served([...narrow, ...atTinyModel], (url) => script('openai-node.mjs', url, 'tiny', { CLIENT: 'openai-7' })),
  ],
  [
    'curl with the examples of the page: its fields are there',
    () => served(page, (url) => script('page.mjs', url, pageNames[1])),
  ],
  [
    'schemathesis against GET /openapi.json, with keys and without',
    () =>
      served(atQuickModel, (open) =>
        served([...atQuickModel, '--api-key', key], (closed) =>
          runTogether([schemathesis(open), schemathesis(closed, '--header', `Authorization: Bearer ${key}`)], {
            cwd: scratch,
            env: { PYTHONPATH: `${root}${clients}` },
          }),
        ),
      ),
  ],
].filter(([name]) => name.includes(process.argv[2] ?? ''))
for (const [name, check] of checks) {
  const started = Date.now()
  console.log(`\n# ${name}`)
  await check()
  console.log(`(${((Date.now() - started) / 1000).toFixed(0)} s)`)
}
console.log(`\n${checks.length} passed, 0 failed`)
