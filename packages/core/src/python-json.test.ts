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
