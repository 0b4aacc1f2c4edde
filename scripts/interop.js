// The second ring of tests: what other programs say of our files. Sets up Python in .venv, once.
import { spawnSync } from 'node:child_process'
import { copyFileSync, existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const python = `${root}.venv/bin/python`
const model = 'models/smollm2-135m-instruct-fp8'
const goldens = 'conformance/goldens'

function run(command, args) {
  console.log(`$ ${command.replace(root, '')} ${args.join(' ')}`)
  const { status } = spawnSync(command, args, { cwd: root, stdio: 'inherit' })
  if (status !== 0) process.exit(status ?? 1)
}

/** The list that .venv was installed from is kept in it: a newer list installs again. */
const [wanted, installed] = [`${root}${goldens}/requirements.txt`, `${root}.venv/requirements.txt`]
if (!existsSync(installed) || readFileSync(installed, 'utf8') !== readFileSync(wanted, 'utf8')) {
  if (!existsSync(python)) run('python3', ['-m', 'venv', '.venv'])
  run(python, ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '-r', `${goldens}/requirements.txt`])
  copyFileSync(wanted, installed)
}
run(process.execPath, ['node_modules/typescript/bin/tsc', '-b', 'packages/cli'])
const tramontane = ['node', 'packages/cli/bin/tramontane.js']
const checks = [
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
]
for (const [name, ...args] of checks) {
  console.log(`\n# ${name}`)
  run(python, args)
}
console.log(`\n${checks.length} passed, 0 failed`)
