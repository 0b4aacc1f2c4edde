// Imports go one way and never in a circle: see docs/architecture.md. Fails naming the files.
import { readFileSync, readdirSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'

const root = fileURLToPath(new URL('..', import.meta.url))
/** What the sources of each package may import of ours; tests may import more. */
const allowed = {
  'packages/core/src': [],
  'packages/backend-tfjs/src': ['@tramontane/core'],
  'packages/backend-webgpu/src': ['@tramontane/core'],
  'packages/api/src': ['@tramontane/core'],
  'conformance/src': ['@tramontane/core'],
  'packages/cli/src': [
    '@tramontane/core',
    '@tramontane/api',
    '@tramontane/backend-tfjs',
    '@tramontane/backend-webgpu',
    '@tramontane/conformance',
  ],
  'docs/examples': ['@tramontane/core', '@tramontane/backend-webgpu'],
}
/** Core, the backend in WGSL and the api's handler run in browsers, but for these. */
const forNode = ['packages/core/src/disk.ts', 'packages/api/src/node/']
const browserSafe = ['packages/core/src', 'packages/backend-webgpu/src', 'packages/api/src']
/** Packages that need Node. */
const nodePackages = ['pino', 'prom-client']

const complaints = []
/** @type {Map<string, string[]>} file → files it imports at run time or for types */
const arrows = new Map()

for (const [folder, packages] of Object.entries(allowed)) {
  for (const name of readdirSync(join(root, folder), { recursive: true })) {
    if (!name.endsWith('.ts') || name.endsWith('.d.ts')) continue
    const file = join(folder, name)
    const test = /\.(test|fixture)\.ts$/.test(name)
    const imported = ts.preProcessFile(readFileSync(join(root, file), 'utf8')).importedFiles.map((i) => i.fileName)
    arrows.set(
      file,
      imported.filter((path) => path.startsWith('.')).map((path) => join(dirname(file), path)),
    )
    for (const path of test ? [] : imported) checkDirection(file, folder, packages, path)
  }
}

function checkDirection(file, folder, packages, path) {
  if (path.startsWith('.') && relative(folder, join(dirname(file), path)).startsWith('..')) {
    complaints.push(`${file} imports ${path}, outside its package`)
  }
  const ours = path.startsWith('@tramontane/') || path === 'tramontane'
  if (ours && !packages.some((name) => path === name || path.startsWith(`${name}/`))) {
    complaints.push(`${file} imports ${path}; ${folder} may import ${packages.join(', ') || 'nothing of ours'}`)
  }
  const needsNode = path.startsWith('node:') || nodePackages.includes(path)
  if (needsNode && browserSafe.includes(folder) && !forNode.some((start) => file.startsWith(start))) {
    complaints.push(`${file} imports ${path}; ${folder} is browser-safe but for ${forNode.join(', ')}`)
  }
}

const done = new Set()
function visit(file, path) {
  if (path.includes(file)) complaints.push(`circle: ${[...path.slice(path.indexOf(file)), file].join(' → ')}`)
  if (done.has(file) || path.includes(file)) return
  for (const next of arrows.get(file) ?? []) visit(next, [...path, file])
  done.add(file)
}
for (const file of arrows.keys()) visit(file, [])

for (const complaint of complaints) console.error(complaint)
if (complaints.length > 0) process.exit(1)
console.log(`imports: ${arrows.size} files, one way, no circle`)
