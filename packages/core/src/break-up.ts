import { literal } from './control-tokens.ts'

/**
 * A function that puts a guard character into every control token that a text holds, and around a text of which a part
 * could join with a template's own words. The guard is taken out again after the control tokens have been found. White
 * space stays outside, where a template's `trim` finds it. Upper and lower case are the same: a template may change it.
 */
export function breaker(tokens: readonly string[]): (text: string, guard: string) => string {
  const long = tokens.filter((token) => token.length > 1)
  const whole = new RegExp(long.map(literal).join('|'), 'gi')
  const joins = joiner(tokens.map((token) => token.toLowerCase()))
  return (text, guard) => {
    let out = text
    // Again and again: in "[[[", breaking the first "[[" leaves another.
    while (long.length > 0 && out.search(whole) >= 0) {
      out = out.replace(whole, (found) => found[0] + guard + found.slice(1))
    }
    if (!joins(text.trim().toLowerCase())) return out
    const start = text.length - text.trimStart().length
    const end = text.length - text.trimEnd().length
    return text.slice(0, start) + guard + out.slice(start, out.length - end) + guard + text.slice(text.length - end)
  }
}

/** Whether a text starts with the end of a token, ends with its start, or lies within it. There can be hundreds of tokens. */
function joiner(tokens: readonly string[]): (text: string) => boolean {
  const [starts, ends] = [new Set<string>(), new Set<string>()]
  for (const token of tokens) {
    for (let part = 1; part < token.length; part++) {
      starts.add(token.slice(0, part))
      ends.add(token.slice(part))
    }
  }
  const longest = tokens.reduce((most, { length }) => Math.max(most, length - 1), 0)
  return (text) => {
    if (text === '') return false
    for (let part = 1; part <= Math.min(longest, text.length); part++) {
      if (ends.has(text.slice(0, part)) || starts.has(text.slice(-part))) return true
    }
    return tokens.some((token) => token.includes(text))
  }
}
