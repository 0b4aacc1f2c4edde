import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { freeMemory, groupMemory } from './free-memory.ts'

let root: string
beforeEach(async () => void (root = await mkdtemp(join(tmpdir(), 'tramontane-groups-'))))
afterEach(() => rm(root, { recursive: true }))

async function system(files: Record<string, string>): Promise<void> {
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(root, path)), { recursive: true })
    await writeFile(join(root, path), `${text}\n`)
  }
}

const memory = 'sys/fs/cgroup/memory'

test('no group, no limit', async () => {
  expect(groupMemory(root)).toBe(Infinity)
  await system({ 'proc/self/cgroup': '0::/', 'sys/fs/cgroup/memory.max': 'max', 'sys/fs/cgroup/memory.current': '5' })
  expect(groupMemory(root)).toBe(Infinity)
})

// The layouts are those of the kernel's documentation, cgroup-v2.rst and cgroup-v1/memory.rst.
test('version 2: what is kept of files gives way', async () => {
  await system({
    'proc/self/cgroup': '0::/',
    'sys/fs/cgroup/memory.max': '8000',
    'sys/fs/cgroup/memory.current': '7500',
    'sys/fs/cgroup/memory.stat': 'anon 300\nfile 7000\ninactive_file 6000\nactive_file 900\nshmem 100',
  })
  expect(groupMemory(root)).toBe(8000 - 7500 + 6900)
})

test('version 2: the tightest of the groups around binds', async () => {
  await system({
    'proc/self/cgroup': '0::/user/shell',
    'sys/fs/cgroup/user/memory.max': '1000',
    'sys/fs/cgroup/user/memory.current': '400',
    'sys/fs/cgroup/user/shell/memory.max': 'max',
    'sys/fs/cgroup/user/shell/memory.current': '100',
  })
  expect(groupMemory(root)).toBe(600)
})

test('version 1, beside version 2', async () => {
  await system({
    'proc/self/cgroup': '4:cpu,memory:/box\n1:name=systemd:/\n0::/',
    [`${memory}/memory.limit_in_bytes`]: '9223372036854771712',
    [`${memory}/memory.usage_in_bytes`]: '9000',
    [`${memory}/box/memory.limit_in_bytes`]: '5000',
    [`${memory}/box/memory.usage_in_bytes`]: '4000',
    [`${memory}/box/memory.stat`]: 'inactive_file 1\ntotal_inactive_file 700\ntotal_active_file 50',
  })
  expect(groupMemory(root)).toBe(1750)
})

test('a full group has nothing, not less', async () => {
  await system({ 'sys/fs/cgroup/memory.max': '100', 'sys/fs/cgroup/memory.current': '120' })
  expect(groupMemory(root)).toBe(0)
})

test('this machine has some', () => {
  expect(freeMemory()).toBeGreaterThan(2 ** 20)
})
