import { readFileSync, writeFileSync } from 'node:fs'

export interface PeakMemory {
  readonly bytes: number
  /** What the bytes are, in words. */
  readonly counted: string
}

const status = '/proc/self/status'

/** Starts to watch the resident memory of this process, workers included; the result tells the most there was. */
export function watchMemory(): () => PeakMemory {
  try {
    // Linux: "5" resets the high-water mark to what is resident now. proc_pid_clear_refs(5).
    writeFileSync('/proc/self/clear_refs', '5')
    return () => ({ bytes: highWater(), counted: 'resident memory of the whole process while the backend was loaded' })
  } catch {
    return () => ({
      bytes: process.resourceUsage().maxRSS * 1024,
      counted: 'resident memory of the whole process since it began',
    })
  }
}

/** Bytes of the line `VmHWM: 123 kB`. */
function highWater(): number {
  return Number(/VmHWM:\s*(\d+) kB/.exec(readFileSync(status, 'utf8'))![1]) * 1024
}
