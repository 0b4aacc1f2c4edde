// Every curl example of the page that the server imitates, run as it stands there, our answer beside the page's.
// Whatever the page's answer has, ours must have: the same fields, of the same types.
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { promisify } from 'node:util'
import { check, finish, server } from './checks.mjs'

const page = readFileSync(new URL('page.txt', import.meta.url), 'utf8')
const shell = promisify(execFile)

/** The page's commands, each with the answer that the page shows for it. */
function examples() {
  return page.split(/^(?=curl )/m).flatMap((section) => {
    const command = /^curl [^]*?\n {4}\}'$/m.exec(section)?.[0]
    const answer = /^\{$[^]*?^\}$|^data: [^]*^data: \[DONE\]$/m.exec(section.slice(command?.length))?.[0]
    return command === undefined ? [] : [{ command, answer }]
  })
}

/** As in a terminal, but for the host; with status and content type in a last line. */
async function run(command) {
  const there = 'https://api.deepinfra.com/'
  assert.ok(command.includes(there))
  const here = command
    .replace(there, `${server.url}/`)
    .replace('curl ', `curl -sS -w '\\n%{http_code} %{content_type}' `)
  const env = { ...process.env, DEEPINFRA_TOKEN: server.key }
  const { stdout } = await shell('bash', ['-c', here], { env })
  const [, answer, status, type] = /^([^]*?)\s*\n(\d+) (\S+)[^\n]*$/.exec(stdout)
  return { answer, status: Number(status), type }
}

/** The objects of an answer: one, or one an event. */
function objects(answer) {
  if (!answer.startsWith('data: ')) return [JSON.parse(answer)]
  const events = answer.trimEnd().split('\n\n')
  assert.equal(events.pop(), 'data: [DONE]')
  return events.map((event) => JSON.parse(event.replace(/^data: /, '')))
}

/** `choices[].index number`, and so on for every value inside. */
function shape(value, path = '') {
  if (Array.isArray(value)) return [`${path} array`, ...value.flatMap((item) => shape(item, `${path}[]`))]
  if (value === null || typeof value !== 'object') return [`${path} ${value === null ? 'null' : typeof value}`]
  return [`${path} object`, ...Object.entries(value).flatMap(([key, item]) => shape(item, `${path}.${key}`))]
}

const indented = (text) => text.replace(/^(?=.)/gm, '    ')

/** Of a long stream, the first events and the last. */
function shortened(answer) {
  const events = answer.split('\n\n')
  const left = events.length - 6
  if (left < 2) return answer
  return [...events.slice(0, 3), `(${left} events more)`, ...events.slice(-3)].join('\n\n')
}

// Together: a slow model takes hardly longer for all of them than for one.
const shown = examples()
const replies = await Promise.allSettled(shown.map(({ command }) => run(command)))

await check('the page has three examples, each with an answer', () => {
  assert.equal(shown.length, 3)
  assert.equal(page.match(/^curl /gm).length, 3)
  assert.ok(shown.every(({ answer }) => answer !== undefined))
})
for (const [i, { command, answer }] of shown.entries()) {
  await check(`example ${i + 1} of the page`, async () => {
    const { value: reply, reason } = replies[i]
    if (reason) throw reason
    console.log(
      `\n${indented(command)}\n\n  the page:\n${indented(answer)}\n\n  here:\n${indented(shortened(reply.answer))}\n`,
    )
    assert.equal(reply.status, 200)
    const streamed = answer.startsWith('data: ')
    assert.match(reply.type, streamed ? /^text\/event-stream/ : /^application\/json/)
    const [theirs, ours] = [answer, reply.answer].map((text) => objects(text))
    const found = new Set(ours.flatMap((object) => shape(object)))
    const missing = [...new Set(theirs.flatMap((object) => shape(object)))].filter((field) => !found.has(field))
    assert.deepEqual(missing, [])
    assert.ok(ours.every(({ model, object }) => model === theirs[0].model && object === theirs[0].object))
  })
}

finish()
