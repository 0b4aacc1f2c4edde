// Makes @tensorflow/tfjs-node without the native library that its own installation would download: builds the addon against
// the TensorFlow of a Python wheel. See docs/guide/tfjs.md. Every step is skipped where it is done already.
//
//   node scripts/tfjs-node.js [--gpu] [FOLDER]
import { spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync } from 'node:fs'
import { rmSync, statfsSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const usage = 'usage: node scripts/tfjs-node.js [--gpu] [FOLDER]'
const args = process.argv.slice(2)
const gpu = args.includes('--gpu')
const folders = args.filter((arg) => arg !== '--gpu')
if (folders.length > 1 || folders[0]?.startsWith('-')) fail('arguments', `found ${args.join(' ')}`, usage)
const folder = resolve(folders[0] ?? join(root, '.tfjs-node'))

const npmPackage = gpu ? '@tensorflow/tfjs-node-gpu' : '@tensorflow/tfjs-node'
const npmVersion = '4.22.0'
const wheel = gpu ? 'tensorflow' : 'tensorflow-cpu'
const wheelVersion = '2.21.0'
/** At the worst moment, packed and unpacked files are there together; 1.5 GB stay, with CUDA 6.5 GB. */
const gigabytes = gpu ? 10 : 1.8
/** Only C++ libraries are taken from the wheels, so the Python that downloads them may be of any version. */
const wheelFor = ['--python-version=3.11', '--implementation=cp', '--abi=cp311', '--abi=abi3', '--abi=none']
const platforms = ['manylinux_2_27', 'manylinux_2_24', 'manylinux_2_17', 'manylinux2014', 'manylinux1']

const packageFolder = join(folder, 'node_modules', npmPackage)
const libraries = join(folder, wheel)
const stampFile = join(folder, 'done.json')
let python

async function main() {
  checkMachine()
  mkdirSync(folder, { recursive: true })
  await step('npm', `${npmPackage} ${npmVersion}`, join(packageFolder, 'package.json'), installPackage)
  await step('libraries', `${wheel} ${wheelVersion}`, join(libraries, 'include'), unpackWheels)
  link()
  const addon = join(packageFolder, 'lib/napi-v8/tfjs_binding.node')
  await step('addon', `${npmPackage} ${npmVersion} with ${wheel} ${wheelVersion}`, addon, buildAddon)
  await prove()
  const path = gpu ? `LD_LIBRARY_PATH=${cudaFolders().join(':')} ` : ''
  console.log(`done: ${folder}\nuse it with: ${path}TRAMONTANE_TFJS_NODE=${folder}`)
}

/** Runs `work` unless the stamp says that just this was done and its result still stands. */
async function step(name, what, result, work) {
  const stamps = existsSync(stampFile) ? JSON.parse(readFileSync(stampFile, 'utf8')) : {}
  const key = `${name} ${gpu ? 'gpu' : 'cpu'}`
  if (stamps[key] === what && existsSync(result)) return console.log(`${name}: ${what} is there`)
  console.log(`${name}: ${what} ...`)
  const start = performance.now()
  await work(name)
  writeFileSync(stampFile, `${JSON.stringify({ ...stamps, [key]: what }, null, 2)}\n`)
  console.log(`${name}: done in ${seconds(start)} s`)
}

function checkMachine() {
  const { platform, arch } = process
  const linux = 'Use Linux on x64, or the wasm backend, which needs no native library.'
  if (platform !== 'linux' || arch !== 'x64')
    fail('machine', `expected Linux on x64, found ${platform} on ${arch}`, linux)
  const glibc = process.report.getReport().header.glibcVersionRuntime
  const [major, minor] = (glibc ?? '0.0').split('.').map(Number)
  if (major < 2 || (major === 2 && minor < 27)) {
    fail('machine', `TensorFlow's wheel expects glibc 2.27 or newer, found ${glibc ?? 'another C library'}`, linux)
  }
  python = [join(root, '.venv/bin/python'), 'python3'].find((command) => runs(command, ['-m', 'pip', '--version']))
  const install = (what) => `Install it, e.g. apt-get install ${what}, and run this again.`
  if (!python) fail('machine', 'expected python3 with pip, found none that runs', install('python3-pip'))
  const compiler = process.env.CXX?.split(' ')[0] || 'g++'
  if (!runs(compiler, ['--version'])) fail('machine', `expected a C++ compiler, found no ${compiler}`, install('g++'))
  if (!runs('make', ['--version'])) fail('machine', 'expected make, found none', install('make'))
}

async function installPackage(name) {
  const manifest = { name: 'tramontane-tfjs-node', private: true, description: 'Written by scripts/tfjs-node.js' }
  const file = join(folder, 'package.json')
  if (!existsSync(file)) writeFileSync(file, `${JSON.stringify(manifest, null, 2)}\n`)
  checkDisk(name)
  const options = ['--ignore-scripts', '--save-exact', '--no-audit', '--no-fund', '--loglevel=error']
  const remedy = 'Does npm reach its registry? See npm config get registry.'
  await run(name, 'npm', ['install', `${npmPackage}@${npmVersion}`, ...options], { cwd: folder }, remedy)
}

async function unpackWheels(name) {
  checkDisk(name)
  const packed = join(folder, 'wheels')
  const part = `${libraries}.part`
  for (const path of [packed, part, libraries]) rmSync(path, { recursive: true, force: true })
  mkdirSync(packed, { recursive: true })
  await download(name, packed, [`${wheel}==${wheelVersion}`])
  if (gpu) {
    const required = await runPython(name, requirements, [packed])
    await download(name, packed, JSON.parse(required.trim().split('\n').at(-1)))
    // Beside the libraries: TensorFlow's own libraries look for ../nvidia/*/lib.
    await runPython(name, unpack, [packed, folder, '^nvidia/.*'])
  }
  const wanted = String.raw`^tensorflow/(include/.*|libtensorflow_(cc|framework)\.so\.2)$`
  await runPython(name, unpack, [packed, part, wanted])
  for (const library of ['libtensorflow_cc.so.2', 'libtensorflow_framework.so.2', 'include']) {
    if (existsSync(join(part, 'tensorflow', library))) continue
    fail(name, `expected tensorflow/${library} in the wheel ${wheel} ${wheelVersion}, found none`, 'Report it, please.')
  }
  renameSync(join(part, 'tensorflow'), libraries)
  for (const path of [packed, part]) rmSync(path, { recursive: true, force: true })
}

function download(name, into, what) {
  const tags = platforms.map((platform) => `--platform=${platform}_x86_64`)
  const options = ['--no-deps', '--no-cache-dir', '--only-binary=:all:', '--disable-pip-version-check', ...wheelFor]
  const command = ['-m', 'pip', 'download', ...options, ...tags, '--dest', into, ...what]
  const remedy =
    'Does pip reach its index? See python3 -m pip config list. An old pip does not know this kind of wheel.'
  // pip keeps what it downloads in TMPDIR first, which may be a small disk.
  return run(name, python, command, { env: { ...process.env, TMPDIR: into } }, remedy)
}

/** Takes the files whose names match from all wheels, with their permissions: XLA calls programs of CUDA. */
const unpack = `
import glob, os, re, sys, zipfile
packed, into, wanted = sys.argv[1:]
for path in glob.glob(packed + '/*.whl'):
    with zipfile.ZipFile(path) as wheel:
        for info in wheel.infolist():
            if re.match(wanted, info.filename):
                os.chmod(wheel.extract(info, into), (info.external_attr >> 16) & 0o777 | (0o755 if info.is_dir() else 0o644))
`
/** Prints what the wheel asks for beside itself to use CUDA, without the condition behind the semicolon. */
const requirements = `
import glob, json, sys, zipfile
with zipfile.ZipFile(glob.glob(sys.argv[1] + '/tensorflow-*.whl')[0]) as wheel:
    name = next(name for name in wheel.namelist() if name.endswith('.dist-info/METADATA'))
    lines = wheel.read(name).decode().splitlines()
needed = [line.split(':', 1)[1].split(';')[0].strip() for line in lines
          if line.startswith('Requires-Dist:') and 'and-cuda' in line.partition(';')[2]]
print(json.dumps(needed))
`

function runPython(name, program, args) {
  return run(name, python, ['-c', program, ...args], {}, 'Is the disk full?')
}

/** Puts the libraries where binding.gyp and the addon's rpath look for them. */
function link() {
  const names = {
    'libtensorflow.so': 'libtensorflow_cc.so.2',
    'libtensorflow_framework.so': 'libtensorflow_framework.so.2',
  }
  for (const [name, target] of Object.entries(names)) symlink(target, join(libraries, name))
  symlink(join(libraries, 'include'), join(packageFolder, 'deps/include'))
  // A link to the whole folder: seen through it, .. is our folder, with nvidia in it.
  symlink(libraries, join(packageFolder, 'deps/lib'))
}

/** Relative, so that the folder may be moved. */
function symlink(target, path) {
  mkdirSync(dirname(path), { recursive: true })
  rmSync(path, { recursive: true, force: true })
  symlinkSync(target.startsWith('/') ? relative(dirname(path), target) : target, path)
}

async function buildAddon(name) {
  const headers = [resolve(process.execPath, '../..'), '/usr'].find((prefix) =>
    existsSync(join(prefix, 'include/node/node_api.h')),
  )
  if (headers === undefined)
    console.log(`${name}: found no headers of Node beside ${process.execPath}: downloading them`)
  const remedy = headers
    ? 'The compiler must know C++17.'
    : 'Without a connection, install the headers of Node (libnode-dev, or a Node that comes with include/node).'
  const command = ['node-pre-gyp', 'install', '--build-from-source', ...(headers ? [`--nodedir=${headers}`] : [])]
  await run(name, 'npx', command, { cwd: packageFolder, env: { ...process.env, npm_config_python: python } }, remedy)
}

/** In another process, as a library that fails to load may end it. */
async function prove() {
  const env = { ...process.env, TF_CPP_MIN_LOG_LEVEL: '2' }
  if (gpu) env.LD_LIBRARY_PATH = [...cudaFolders(), env.LD_LIBRARY_PATH].filter(Boolean).join(':')
  const remedy = `Delete ${folder} and run this again.`
  const printed = await run('proof', process.execPath, ['-e', proof, npmPackage], { cwd: folder, env }, remedy)
  const { version, product, device } = JSON.parse(printed.trim().split('\n').at(-1))
  const found = `${npmPackage} with TensorFlow ${version}, on ${device ? 'a GPU' : 'the CPU'}`
  if (product.join() !== '19,22,43,50') fail('proof', `expected the product 19,22,43,50, found ${product}`, remedy)
  if (gpu && !device) fail('proof', `expected a GPU, found ${found}`, 'Is there a driver? See nvidia-smi.')
  console.log(`proof: ${found}: [1 2; 3 4] · [5 6; 7 8] = [19 22; 43 50]`)
}

/** On the binding itself, as tfjs-node 4.22 calls functions that Node 23 no longer has. */
const proof = `
const { backend } = require(process.argv[1])
const { binding } = backend()
const [a, b] = [[1, 2, 3, 4], [5, 6, 7, 8]].map((x) => binding.createTensor([2, 2], binding.TF_FLOAT, Float32Array.from(x)))
const flag = (name) => ({ name, type: binding.TF_ATTR_BOOL, value: false })
const type = { name: 'T', type: binding.TF_ATTR_TYPE, value: binding.TF_FLOAT }
const [{ id }] = binding.executeOp('MatMul', [type, flag('transpose_a'), flag('transpose_b')], [a, b], 1)
const product = [...binding.tensorDataSync(id)]
console.log(JSON.stringify({ version: binding.TF_Version, product, device: binding.isUsingGpuDevice() }))
`

function cudaFolders() {
  const nvidia = join(folder, 'nvidia')
  const names = existsSync(nvidia) ? readdirSync(nvidia) : []
  return names.map((name) => join(nvidia, name, 'lib')).filter((path) => existsSync(path))
}

function checkDisk(name) {
  const { bavail, bsize } = statfsSync(folder)
  const free = (bavail * bsize) / 1e9
  const remedy = 'Make room, or name a folder on another disk.'
  if (free < gigabytes) fail(name, `expected ${gigabytes} GB free at ${folder}, found ${free.toFixed(1)} GB`, remedy)
}

/** What the command printed; says every 15 seconds that it still runs. */
async function run(name, command, args, options, remedy) {
  const start = performance.now()
  const still = setInterval(() => console.log(`${name}: ${seconds(start)} s ...`), 15_000)
  let [out, all] = ['', '']
  const child = spawn(command, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] })
  child.stdout.on('data', (bytes) => ((out += bytes), (all += bytes)))
  child.stderr.on('data', (bytes) => (all += bytes))
  const ended = await new Promise((done) => {
    child.once('error', (error) => done(error.message))
    child.once('close', (code, signal) => done(code === 0 ? '' : `it ended with ${signal ?? code}`))
  })
  clearInterval(still)
  if (ended === '') return out
  const shown = args.join(' ').includes('\n') ? `${command} ${args[0]} ...` : `${command} ${args.join(' ')}`
  // What the compiler says stands above pages of what node-gyp says of itself.
  const lines = all.split('\n').filter((line) => !/^(node-pre-)?gyp /.test(line))
  fail(name, `expected \`${shown}\` to succeed, but ${ended}\n${lines.slice(-30).join('\n')}`, remedy)
}

function runs(command, args) {
  return spawnSync(command, args, { stdio: 'ignore' }).status === 0
}

function seconds(start) {
  return ((performance.now() - start) / 1000).toFixed(0)
}

function fail(name, found, remedy) {
  console.error(`tfjs-node.js, step ${name}: ${found}\n${remedy}`)
  process.exit(1)
}

await main()
