import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { makeGuide } from './guide.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))

it('the guide shows the code of the examples and what they give, to the byte', { timeout: 300_000 }, async () => {
  for (const [path, content] of await makeGuide(root))
    expect(readFileSync(join(root, path), 'utf8'), path).toBe(content)
})
