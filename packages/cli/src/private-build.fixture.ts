import { copyFile, cp, mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'

const root = fileURLToPath(new URL('../../..', import.meta.url))
const packages = {
  core: '@tramontane/core',
  'backend-tfjs': '@tramontane/backend-tfjs',
  'backend-webgpu': '@tramontane/backend-webgpu',
  api: '@tramontane/api',
  cli: 'tramontane',
}

/**
 * Translates the sources into a folder, as `tsc -b` does into theirs, and without touching those: other tests may be
 * building or reading them. Types are not checked. → the command's path
 */
export async function privateBuild(folder: string): Promise<string> {
  await linkModules(folder)
  for (const [name, published] of Object.entries(packages)) {
    const [from, to] = [join(root, 'packages', name), join(folder, 'node_modules', published)]
    await mkdir(to, { recursive: true })
    await copyFile(join(from, 'package.json'), join(to, 'package.json'))
    await translate(join(from, 'src'), join(to, 'dist'))
    // Kernels lie beside what reads them.
    if (name === 'backend-webgpu') await cp(join(from, 'wgsl'), join(to, 'wgsl'), { recursive: true })
  }
  await cp(join(root, 'packages/cli/bin'), join(folder, 'node_modules/tramontane/bin'), { recursive: true })
  return join(folder, 'node_modules/tramontane/bin/tramontane.js')
}

/** Everything that is installed but for our own packages. */
async function linkModules(folder: string): Promise<void> {
  await mkdir(join(folder, 'node_modules'))
  for (const name of await readdir(join(root, 'node_modules'))) {
    if (name === 'tramontane' || name === '@tramontane') continue
    await symlink(join(root, 'node_modules', name), join(folder, 'node_modules', name))
  }
}

async function translate(from: string, to: string): Promise<void> {
  for (const name of await readdir(from, { recursive: true })) {
    if (!name.endsWith('.ts') || /\.(test|fixture)\.ts$/.test(name)) continue
    const { outputText } = ts.transpileModule(await readFile(join(from, name), 'utf8'), { compilerOptions })
    const out = join(to, name.replace(/\.ts$/, '.js'))
    await mkdir(dirname(out), { recursive: true })
    await writeFile(out, outputText)
  }
}

const compilerOptions: ts.CompilerOptions = {
  target: ts.ScriptTarget.ES2022,
  module: ts.ModuleKind.ESNext,
  verbatimModuleSyntax: true,
  rewriteRelativeImportExtensions: true,
}
