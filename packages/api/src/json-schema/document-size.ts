import { SchemaError } from './schema-error.ts'

/** Of JSON values in each other, and of all JSON values. */
const limits = { depth: 1000, values: 1_000_000 }

/** Goes through the value without calls: it may be nested more deeply than calls can be. */
export function checkSize(value: unknown): void {
  const open = [{ value, depth: 0 }]
  let values = 0
  for (let at = open.pop(); at !== undefined; at = open.pop()) {
    if (typeof at.value !== 'object' || at.value === null) continue
    const inside = Object.values(at.value)
    values += inside.length
    if (at.depth === limits.depth) throw tooLarge(`nested more than ${limits.depth} levels deep`)
    if (values > limits.values) throw tooLarge(`more than ${limits.values} values`)
    for (const item of inside)
      if (typeof item === 'object' && item !== null) open.push({ value: item, depth: at.depth + 1 })
  }
}

function tooLarge(what: string): SchemaError {
  return new SchemaError(what, { at: '', keyword: null }, 'too large')
}
