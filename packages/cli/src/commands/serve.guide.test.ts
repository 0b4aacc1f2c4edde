import { readFile } from 'node:fs/promises'
import { PassThrough } from 'node:stream'
import { metrics } from '@tramontane/api/node'
import { expect, test } from 'vitest'
import { collector } from './serve.fixture.ts'
import { serveCommand } from './serve.ts'

const guide = await readFile(new URL('../../../../docs/guide/server.md', import.meta.url), 'utf8')
const sink = collector().stream
const command = serveCommand({ stdin: new PassThrough(), stdout: sink, stderr: sink })

/** First cells of the table under a heading, without their formatting. */
function firstCells(heading: string): string[] {
  const [, section] = new RegExp(`^## ${heading}$([^]*?)^## `, 'm').exec(guide)!
  return section.split('\n').flatMap((line) => /^\| (`.*?) \|/.exec(line)?.[1] ?? [])
}

test('the guide has every option, and no other', () => {
  const documented = firstCells('Options').map((cell) => /`(--[\w-]+)/.exec(cell)![1])
  expect(documented).toEqual(command.options.map(({ long }) => long))
})

test('the guide has every metric of ours, and no other', async () => {
  const { text } = await metrics(() => undefined).metrics()
  const documented = firstCells('Watching it').flatMap((cell) => cell.match(/\w+/g)!)
  const there = [...text.matchAll(/^# TYPE tramontane_(\w+)/gm)].map(([, name]) => name)
  expect(documented.toSorted()).toEqual(there.toSorted())
})
