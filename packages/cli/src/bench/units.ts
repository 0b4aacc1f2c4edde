/** Numbers as people read them. */
const prefixes = ['', 'k', 'M', 'G', 'T', 'P'] as const

/** At least three digits, thousands grouped: `0.512`, `17.3`, `1,240`. */
export function digits(value: number): string {
  const rounded = rounded3(value)
  const decimals = rounded === 0 || rounded >= 100 ? 0 : Math.min(6, 2 - Math.floor(Math.log10(rounded)))
  return value.toLocaleString('en-US', { minimumFractionDigits: decimals, maximumFractionDigits: decimals })
}

/** With a decimal prefix: `134 MB`, `2.95 GFLOP/s`. */
export function quantity(value: number, unit: string): string {
  const rounded = rounded3(value)
  const power = rounded < 1 ? 0 : Math.min(prefixes.length - 1, Math.floor(Math.log10(rounded) / 3))
  return `${digits(value / 1000 ** power)} ${prefixes[power]}${unit}`
}

/** What three digits show: 99.96 is 100, and needs no decimals. */
function rounded3(value: number): number {
  return Number(value.toPrecision(3))
}

export function percent(share: number): string {
  return `${digits(share * 100)} %`
}

/** `45 s`, `3 min 20 s`. */
export function duration(seconds: number): string {
  const whole = Math.ceil(seconds)
  return whole < 60 ? `${whole} s` : `${Math.floor(whole / 60)} min ${whole % 60} s`
}
