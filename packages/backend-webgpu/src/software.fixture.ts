import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { constants } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { brotliDecompressSync } from 'node:zlib'

const cache = fileURLToPath(new URL('../../../.cache/swiftshader', import.meta.url))
/** Of glibc: a library stays, although Node closes what is no addon. */
const stay = 0x1000

/**
 * Makes Dawn find SwiftShader, which computes on the CPU what a graphics card would: the copy that is in @sparticuz/chromium.
 * Must run before the package `webgpu` opens an adapter.
 */
export function useSoftwareAdapter(): void {
  if (process.platform !== 'linux' || process.arch !== 'x64')
    throw new Error('SwiftShader is packed for Linux on x64 only')
  unpack()
  const icd = join(cache, 'vk_swiftshader_icd.json')
  process.env.VK_DRIVER_FILES = process.env.VK_ICD_FILENAMES = icd
  try {
    process.dlopen(
      { exports: {} },
      join(cache, 'libvulkan.so.1'),
      constants.dlopen.RTLD_NOW | constants.dlopen.RTLD_GLOBAL | stay,
    )
  } catch (error) {
    // It is loaded, and as was to be expected no addon.
    if (!String(error).includes('did not self-register')) throw error
  }
}

/** The same for a process that is to be started. */
export function softwareEnvironment(): Record<string, string> {
  unpack()
  const icd = join(cache, 'vk_swiftshader_icd.json')
  return { VK_DRIVER_FILES: icd, VK_ICD_FILENAMES: icd, LD_LIBRARY_PATH: cache }
}

function unpack(): void {
  if (existsSync(cache)) return
  const chromium = dirname(createRequire(import.meta.url).resolve('@sparticuz/chromium'))
  const archive = [join(chromium, '../bin'), join(chromium, '../../bin'), join(chromium, 'bin')]
    .map((folder) => join(folder, 'swiftshader.tar.br'))
    .find(existsSync)
  if (archive === undefined) throw new Error('@sparticuz/chromium: expected bin/swiftshader.tar.br, found none')
  const part = `${cache}.${process.pid}`
  mkdirSync(part, { recursive: true })
  for (const [name, bytes] of untar(brotliDecompressSync(readFileSync(archive)))) writeFileSync(join(part, name), bytes)
  try {
    renameSync(part, cache)
  } catch (error) {
    // Another process was quicker.
    if (!existsSync(cache)) throw error
  }
}

/** Files of a plain tar: headers of 512 bytes, contents padded to as many. */
function* untar(tar: Buffer): Iterable<[string, Buffer]> {
  for (let at = 0; at + 512 <= tar.length && tar[at] !== 0;) {
    const text = (from: number, length: number): string =>
      tar.toString('latin1', at + from, at + from + length).replace(/\0.*$/s, '')
    const size = parseInt(text(124, 12), 8)
    yield [text(0, 100).replace(/^\.\//, ''), tar.subarray(at + 512, at + 512 + size)]
    at += 512 + Math.ceil(size / 512) * 512
  }
}
