import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, test } from 'vitest'
import { checks } from './checks/index.ts'
import { judgeServer, type Report } from './judge.ts'
import { reportMarkdown, tally } from './report.ts'

/** Judges a server that answers everything in one way. */
async function judged(answer: RequestListener, timeout: number, model = 'm'): Promise<Report> {
  const server = createServer(answer)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
  try {
    return await judgeServer({ url, model, timeout, capabilities: { seed: true, bodyLimit: 1000 } })
  } finally {
    server.closeAllConnections()
    server.close()
  }
}

const passed = (report: Report) => report.results.filter(({ verdict }) => verdict === 'pass')

test('a server that never answers fails every check within its time', async () => {
  const report = await judged(() => {}, 30)
  expect(passed(report)).toEqual([])
  for (const { verdict, message, ms } of report.results) {
    if (verdict === 'unsupported') continue
    expect(message).toContain('an end within 30 ms')
    expect(ms).toBeLessThan(5000)
  }
})

test.each<[string, RequestListener]>([
  ['says nothing', (_, response) => response.end()],
  [
    'says 500',
    (_, response) => response.writeHead(500).end('{"error":{"message":"no","type":"x","param":null,"code":null}}'),
  ],
  ['says {}', (_, response) => response.setHeader('content-type', 'application/json').end('{}')],
  ['hangs up', (request) => request.socket.destroy()],
  [
    'breaks off',
    (_, response) => response.writeHead(200, { 'content-length': 100 }).write('{"a', () => response.destroy()),
  ],
  ['sends bytes that are no text', (_, response) => response.end(Buffer.from([0xff, 0xfe]))],
])('a server that %s passes nothing', async (_, answer) => {
  const report = await judged(answer, 2000)
  expect(passed(report)).toEqual([])
  expect(tally(report).fail).toBeGreaterThan(30)
})

test('a server that is not there fails, and says why', async () => {
  const report = await judgeServer({ url: 'http://127.0.0.1:1', model: 'm', timeout: 2000 })
  expect(passed(report)).toEqual([])
  expect(report.results[0]!.message).toMatch(/fetch failed: /)
  await expect(judgeServer({ url: 'http://127.0.0.1:1', timeout: 2000 })).rejects.toThrow('fetch failed')
})

test('the report is a table, which nothing in a reply can break', async () => {
  const report: Report = {
    url: 'http://x',
    model: 'm',
    results: [
      { id: '1', title: 'one', verdict: 'pass', ms: 1 },
      { id: '2', title: 'two', verdict: 'fail', message: 'a | b\n\nc', ms: 2 },
    ],
  }
  expect(reportMarkdown(report).split('\n').slice(4)).toEqual([
    '| check | verdict | what | where, expected, found | ms |',
    '|---|---|---|---|---|',
    '| 1 | ✅ pass | one |  | 1 |',
    '| 2 | ❌ fail | two | a \\| b c | 2 |',
    '',
  ])
})

test('numbers and letters name a check once, and 30 is free', () => {
  const ids = checks.map(({ number, part = '' }) => `${number}${part}`)
  expect(new Set(ids).size).toBe(ids.length)
  const numbers = Array.from({ length: 66 }, (_, i) => i + 1).filter((number) => number !== 30)
  expect([...new Set(checks.map(({ number }) => number))]).toEqual(numbers)
})
