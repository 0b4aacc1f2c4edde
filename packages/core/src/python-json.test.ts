import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { pythonJson, reformat } from './python-json.ts'

// Written by Python's json module; see conformance/goldens/mistral/make.py.
const file = new URL('../../../conformance/goldens/mistral/python-json.json', import.meta.url)
const { cases } = JSON.parse(readFileSync(file, 'utf8')) as { cases: { text: string; json: string | null }[] }

it.each(cases)('$text', ({ text, json }) => {
  expect(reformat(text)).toBe(json ?? undefined)
})

it('writes values', () => {
  expect(pythonJson({ é: [1, 0.5, 1e-7, null, true, '\n'], o: {} })).toBe(
    '{"é": [1, 0.5, 1e-07, null, true, "\\n"], "o": {}}',
  )
})

it('reads texts of any length', () => {
  const long = JSON.stringify({ text: 'x'.repeat(1e7) })
  expect(reformat(long)?.length).toBe(long.length + 1)
  const started = performance.now()
  // Each of these quotes might begin a string, and none ends.
  expect(reformat('"' + '\\"'.repeat(200_000))).toBeUndefined()
  expect(performance.now() - started).toBeLessThan(2000)
})
