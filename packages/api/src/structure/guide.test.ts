import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { compile } from '../grammar/compile.ts'
import { Pushdown } from '../grammar/pushdown.ts'
import { accepts } from '../grammar/run.fixture.ts'
import { parseChat } from '../schema/parse.ts'
import { grammarOf, type Format } from './format.ts'

const guide = readFileSync(new URL('../../../../docs/guide/structured-output.md', import.meta.url), 'utf8')

function block(language: string): string {
  return new RegExp(`^\`\`\`${language}\n([^]*?)^\`\`\`$`, 'm').exec(guide)![1]!
}

function allows(format: Format, text: string): boolean {
  return accepts(new Pushdown(compile(grammarOf(format))), text)
}

test('the request of the guide is taken, and its schema means what it says', () => {
  const { format } = parseChat(JSON.parse(block('json')), { vocabulary: 49_152, context: 8192 })
  const wind = { name: 'tramontane', countries: ['France', 'Italy'], from: 'N' }
  expect(allows(format!, JSON.stringify(wind))).toBe(true)
  expect(allows(format!, JSON.stringify(wind, undefined, 2))).toBe(true)
  expect(allows(format!, JSON.stringify({ ...wind, from: 'NNW' }))).toBe(false)
  expect(allows(format!, JSON.stringify({ ...wind, strength: 9 }))).toBe(false)
})

test('the grammar of the guide derives what it seems to', () => {
  const format: Format = { type: 'grammar', grammar: block('ebnf') }
  for (const text of ['SELECT * FROM a;', "SELECT a, b1 FROM _c WHERE d = ('x y');", 'SELECT a FROM b WHERE c = -10'])
    expect(allows(format, text), text).toBe(text.endsWith(';'))
  expect(allows(format, 'SELECT  * FROM a;')).toBe(false)
  expect(allows(format, 'SELECT a FROM b WHERE c = 01;')).toBe(false)
})
