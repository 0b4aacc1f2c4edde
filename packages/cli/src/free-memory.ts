import { readFileSync } from 'node:fs'
import { freemem, totalmem } from 'node:os'
import { join } from 'node:path'

/** Where the two versions of Linux control groups say what a group may use, and what it does. */
const versions = [
  { controller: '', root: 'sys/fs/cgroup', limit: 'memory.max', used: 'memory.current', prefix: '' },
  {
    controller: 'memory',
    root: 'sys/fs/cgroup/memory',
    limit: 'memory.limit_in_bytes',
    used: 'memory.usage_in_bytes',
    prefix: 'total_',
  },
]

/**
 * Bytes of memory that this process can still take: what the machine has left, and no more than a container or another
 * control group around it allows. Contents of files that are kept in memory count as free: they give way. (Node's
 * `process.availableMemory` counts them as used, and a container that has just written a checkpoint as full.)
 */
export function freeMemory(): number {
  // macOS counts only what was never used as free, so that there is no telling; a model larger than the machine is too large.
  if (process.platform === 'darwin') return totalmem()
  return Math.min(freemem(), groupMemory('/'))
}

/** The same for the control groups alone, of a system that begins at `root`; Infinity where there is no limit. */
export function groupMemory(root: string): number {
  const groups = text(join(root, 'proc/self/cgroup')).split('\n')
  const free = versions.flatMap(({ controller, root: mount, limit, used, prefix }) => {
    const line = groups.map((group) => group.split(':')).find(([, names]) => names?.split(',').includes(controller))
    return pathsUp(line?.[2] ?? '/').map((path) => {
      const folder = join(root, mount, path)
      const most = Number(text(join(folder, limit)) || Infinity) // NaN where it says "max".
      const stat = text(join(folder, 'memory.stat'))
      const files = member(stat, `${prefix}inactive_file`) + member(stat, `${prefix}active_file`)
      return Number.isNaN(most) ? Infinity : most - Number(text(join(folder, used))) + files
    })
  })
  return Math.max(0, Math.min(...free))
}

/** `/a/b` → `/a/b`, `/a`, `/`: every group around binds too. */
function pathsUp(path: string): string[] {
  const names = path.split('/').filter((name) => name !== '')
  return Array.from({ length: names.length + 1 }, (_, left) => `/${names.slice(0, names.length - left).join('/')}`)
}

/** The text of a file; nothing where there is none. */
function text(path: string): string {
  try {
    return readFileSync(path, 'utf8').trim()
  } catch {
    return ''
  }
}

function member(stat: string, name: string): number {
  return Number(new RegExp(`^${name} (\\d+)$`, 'm').exec(stat)?.[1] ?? 0)
}
