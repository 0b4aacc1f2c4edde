import { fill, sourceBlock } from './guide.ts'

const guidePath = 'docs/guide/webgpu.md'

/** → the guide as it has to be, by its path from the root */
export function makeWebgpuGuide(root: string): Map<string, string> {
  const names = ['open-on-card.ts', 'open-files.ts']
  return new Map([[guidePath, fill(root, guidePath, new Map(names.map((name) => [name, sourceBlock(root, name)])))]])
}
