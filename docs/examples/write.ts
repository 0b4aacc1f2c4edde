// Runs the examples and writes what they give into the guide, from the root of the repository:
//   npx tsc -b docs/examples && node docs/examples/dist/write.js
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { makeGuide } from './guide.ts'
import { makeWebgpuGuide } from './webgpu-guide.ts'

const root = process.cwd()
for (const [path, content] of [...makeWebgpuGuide(root), ...(await makeGuide(root))])
  writeFileSync(join(root, path), content)
