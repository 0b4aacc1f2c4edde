import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { idOf } from './check.ts'
import { checks } from './checks/index.ts'

test('docs/http-checks.md has every check, with its title and needs', () => {
  const text = readFileSync(new URL('../../../docs/http-checks.md', import.meta.url), 'utf8')
  const rows = text.split('\n').filter((line) => /^\| \d/.test(line))
  const found = rows.map((row) => row.split('|').map((cell) => cell.trim()))
  const expected = checks.map((check) => {
    return [idOf(check), check.title, (check.requires ?? []).map((name) => `\`${name}\``).join(', ')]
  })
  expect(found.map(([, id, title, , needs]) => [id, title, needs])).toEqual(expected)
})
