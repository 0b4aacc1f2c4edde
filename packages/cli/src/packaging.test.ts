import { execFile } from 'node:child_process'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, it } from 'vitest'

const exec = promisify(execFile)
const root = fileURLToPath(new URL('../../..', import.meta.url))
const tsc = join(root, 'node_modules/typescript/bin/tsc')

/** What a user's first file may look like: names, types and the disk entry, from outside the repository. */
const program = `
import { InputError, angles, encode, mistral, reference, type Backend, type Tensor } from '@tramontane/core'
import { load } from '@tramontane/core/disk'
import { backendCases } from '@tramontane/conformance'
import { handler } from '@tramontane/api'
import { compile, jsonSchemaGrammar, judge, Pushdown } from '@tramontane/api/grammar'
import { listen } from '@tramontane/api/node'
import { webgpu } from '@tramontane/backend-webgpu'
const { status } = await handler({ serving: () => 'loading' })(new Request('http://localhost/health'))
const backend: Backend = reference()
const tensor: Tensor<'F8_E4M3'> = encode('F8_E4M3', [1], [448])
const refused: string = await load('/nowhere').then(() => 'loaded', (error: unknown) => (error instanceof InputError ? 'refused' : 'failed'))
const automaton = new Pushdown(compile(jsonSchemaGrammar({ enum: [3] })))
const { accepted } = judge(automaton, new TextEncoder().encode('3'))
console.log(accepted, backend.name, tensor.data[0], typeof mistral, angles(Int32Array.of(0), [1]).cos[0], refused, backendCases.length > 10, status, typeof listen, typeof webgpu)
`
let folder: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tramontane-packed-'))
  await exec(process.execPath, [tsc, '-b'], { cwd: root })
  await exec('npm', ['pack', '--workspaces', '--pack-destination', folder], { cwd: root })
  await writeFile(join(folder, 'package.json'), JSON.stringify({ name: 'user', private: true, type: 'module' }))
  const tarballs = (await readdir(folder)).filter((name) => name.endsWith('.tgz'))
  await exec('npm', ['install', '--no-audit', '--no-fund', ...tarballs.map((name) => `./${name}`)], { cwd: folder })
}, 240_000)

afterAll(() => rm(folder, { recursive: true, force: true }))

/** Compiles and runs a user's file in the empty folder. → what it printed */
async function runFile(name: string, text: string): Promise<string> {
  await writeFile(join(folder, `${name}.ts`), text)
  const options = ['--strict', '--module', 'nodenext', '--target', 'es2022', '--skipLibCheck', '--types', 'node']
  const roots = ['--typeRoots', join(root, 'node_modules/@types')]
  await exec(process.execPath, [tsc, ...options, ...roots, `${name}.ts`], { cwd: folder })
  return (await exec(process.execPath, [`${name}.js`], { cwd: folder })).stdout
}

it('installs in an empty folder, type-checks and runs', async () => {
  expect(await runFile('main', program)).toBe('true reference 126 function 1 refused true 503 function function\n')
})

it('judges a backend as docs/architecture.md shows it', async () => {
  const page = await readFile(join(root, 'docs/architecture.md'), 'utf8')
  const [, example] = /```ts\n([^]*?)```/.exec(page)!
  await writeFile(join(folder, 'mine.ts'), "export { reference as mine } from '@tramontane/core'\n")
  const lines = (await runFile('judge', example)).trimEnd().split('\n')
  expect(lines.length).toBeGreaterThan(50)
  expect(lines.filter((line) => !line.endsWith(': right'))).toEqual([])
})

it('brings the command', async () => {
  const { stdout } = await exec('npx', ['--no-install', 'tramontane', '--help'], { cwd: folder })
  expect(stdout).toContain('tramontane')
})

it('leaves tests and sources out of the tarballs', async () => {
  const files = await readdir(join(folder, 'node_modules/@tramontane/core'), { recursive: true })
  expect(files.filter((name) => name.includes('.test.') || name.startsWith('src'))).toEqual([])
})

it('brings the kernels', async () => {
  const there = await readdir(join(folder, 'node_modules/@tramontane/backend-webgpu/wgsl'))
  expect(there).toEqual(await readdir(join(root, 'packages/backend-webgpu/wgsl')))
})
