/** JSON as Python's `json.dumps(value, ensure_ascii=False)` writes it: what Mistral's models have seen of tools. */
export function pythonJson(value: unknown): string {
  return reformat(JSON.stringify(value)) ?? 'null'
}

/**
 * A JSON text as Python's `json.dumps(json.loads(text), ensure_ascii=False)` writes it, `undefined` where that is none. Numbers
 * and the order of keys are kept as JavaScript's objects could not: 1.0 and 1 differ, and integers have any length. (A
 * key that is there twice stays so.)
 */
export function reformat(text: string): string | undefined {
  // A string that never ends is one token too, which JSON.parse refuses: looked for again at each quote, it took a square of time.
  const tokens = text.match(/"[^"\\]*(?:\\[^][^"\\]*)*"?|[[\]{},:]|[^ \t\n\r"[\]{},:]+/g) ?? []
  try {
    JSON.parse(tokens.map((token) => (notNumbers.has(token) ? '0' : token)).join(' '))
  } catch {
    return undefined
  }
  return tokens.map(written).join('')
}

/** Python reads and writes these, though they are not JSON. */
const notNumbers: ReadonlySet<string> = new Set(['NaN', 'Infinity', '-Infinity'])

function written(token: string): string {
  if (token === ',' || token === ':') return `${token} `
  if (token.startsWith('"')) return JSON.stringify(JSON.parse(token))
  if (token === '-0') return '0'
  return /^-?\d/.test(token) && /[.eE]/.test(token) ? float(Number(token)) : token
}

/** Python's `repr` of a float: the shortest digits that read back, with an exponent below 1e-4 and from 1e16. */
function float(value: number): string {
  if (!Number.isFinite(value)) return value > 0 ? 'Infinity' : '-Infinity'
  if (value === 0) return Object.is(value, -0) ? '-0.0' : '0.0'
  const [digits, power] = value.toExponential().split('e')
  const exponent = Number(power)
  if (exponent < -4 || exponent >= 16) {
    return `${digits}e${exponent < 0 ? '-' : '+'}${String(Math.abs(exponent)).padStart(2, '0')}`
  }
  // JavaScript itself writes an exponent from 1e-7 down and from 1e21 up alone.
  const plain = Math.abs(value) < 1 ? value.toFixed(digits.replace(/\D/g, '').length - 1 - exponent) : String(value)
  return plain.includes('.') ? plain : `${plain}.0`
}
