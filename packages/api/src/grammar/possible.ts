/**
 * Bytes for people: `{` for one, `a-z` for a run of three or more; `\x20` for one that is no visible character of ASCII, and
 * `\\` for a backslash. `end` where the text may end.
 */
export function possible(bytes: readonly number[], mayEnd: boolean): string[] {
  const entries = runs(bytes).flatMap(([first, last]) => {
    if (last - first >= 2) return [`${shown(first)}-${shown(last)}`]
    return first === last ? [shown(first)] : [shown(first), shown(last)]
  })
  return mayEnd ? [...entries, 'end'] : entries
}

/** First and last of each run; the bytes are ascending. */
function runs(bytes: readonly number[]): [number, number][] {
  const found: [number, number][] = []
  for (const byte of bytes) {
    const run = found.at(-1)
    if (run && run[1] + 1 === byte) run[1] = byte
    else found.push([byte, byte])
  }
  return found
}

function shown(byte: number): string {
  if (byte === 0x5c) return '\\\\'
  const isVisible = byte > 0x20 && byte < 0x7f
  return isVisible ? String.fromCharCode(byte) : `\\x${byte.toString(16).padStart(2, '0')}`
}
