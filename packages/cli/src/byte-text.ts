const units = [
  ['GB', 1e9, 1],
  ['MB', 1e6, 1],
  ['KB', 1e3, 1],
  ['bytes', 1, 0],
] as const

/** Bytes for people: `7.5 GB`, in powers of ten, as disks and --shard-size count. */
export function byteText(bytes: number): string {
  const [unit, size, digits] = units.find(([, size]) => bytes >= size) ?? units[3]
  return `${(bytes / size).toFixed(digits)} ${unit}`
}
