// What the scripted clients share: where the server is, one line a check, and how to look behind it.
import assert from 'node:assert/strict'

const [url, model, key = 'none'] = process.argv.slice(2)
if (model === undefined) {
  console.error(`usage: node ${process.argv[1]} URL MODEL [KEY]`)
  process.exit(2)
}

export const server = { url, base: `${url}/v1`, model, key }
export const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' }

/** Of one check, in milliseconds: a server that hangs must fail it, a slow machine must not. */
const limit = 120_000
const counts = { passed: 0, failed: 0 }

/** Runs one check, prints its line, and goes on whatever came of it. */
export async function check(name, run) {
  const started = Date.now()
  let timer
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no end after ${limit / 1000} s`)), limit)
  })
  try {
    await Promise.race([run(), late])
    counts.passed++
    console.log(`ok   ${name} (${((Date.now() - started) / 1000).toFixed(1)} s)`)
  } catch (error) {
    counts.failed++
    console.log(`FAIL ${name}: ${error.stack ?? error}`)
  } finally {
    clearTimeout(timer)
  }
}

/** The closing line, and the exit status that belongs to it. */
export function finish() {
  console.log(`${counts.passed} passed, ${counts.failed} failed`)
  process.exit(counts.failed === 0 ? 0 : 1)
}

/** What must be thrown: an error of this class with these fields, which is returned. */
export async function thrown(run, kind, fields = {}) {
  const error = await Promise.resolve()
    .then(run)
    .then(
      (value) => assert.fail(`expected ${kind.name}, found ${JSON.stringify(value)?.slice(0, 300)}`),
      (error) => error,
    )
  assert.ok(error instanceof kind, `expected ${kind.name}, found ${error?.stack ?? error}`)
  for (const [field, value] of Object.entries(fields)) assert.deepEqual(error[field], value, `${kind.name}.${field}`)
  return error
}

/** Generations that run or wait now, as the server's metrics have it. */
async function busy() {
  const response = await fetch(`${url}/metrics`, { headers })
  assert.equal(response.status, 200)
  const text = await response.text()
  return ['tramontane_slots_live', 'tramontane_queue_length'].map((name) => {
    const found = new RegExp(`^${name} (\\d+)$`, 'm').exec(text)
    assert.ok(found, `no ${name} in /metrics`)
    return Number(found[1])
  })
}

/** Waits until `live` generations run and none waits, for 10 s at most: many steps of a slow model. */
export async function settled(live = 0) {
  let found
  for (const started = Date.now(); Date.now() - started < 10_000; await sleep(50)) {
    found = await busy()
    if (found[0] === live && found[1] === 0) return
  }
  assert.fail(`expected ${live} live and none waiting, found ${found[0]} live and ${found[1]} waiting`)
}

/** Takes every slot and every place in the queue; the function returned gives them back. */
export async function occupy() {
  const leave = new AbortController()
  const request = {
    model,
    messages: [{ role: 'user', content: 'Hi' }],
    stream: true,
    ignore_eos: true,
    max_tokens: 400,
  }
  const full = Array.from({ length: 64 }, async () => {
    const init = { method: 'POST', headers, body: JSON.stringify(request), signal: leave.signal }
    const { status } = await fetch(`${server.base}/chat/completions`, init)
    if (status !== 429) throw new Error(`a place was free: ${status}`)
  })
  await Promise.any(full)
  return () => leave.abort()
}

/** A fetch that keeps status and time of every reply in `seen`, and calls back at a refusal. */
export function watched(onRefusal) {
  const seen = []
  const ask = async (...args) => {
    const reply = await fetch(...args)
    seen.push({ status: reply.status, at: Date.now() })
    if (reply.status === 429) onRefusal()
    return reply
  }
  return { seen, fetch: ask }
}

/** Refused, once or more often, and then answered; never sooner than after `wait` ms. */
export function retried(seen, wait = 0) {
  const statuses = seen.map(({ status }) => status).join(' ')
  assert.match(statuses, /^(429 )+200$/)
  // Timers may be a millisecond early.
  const soonest = Math.min(...seen.slice(1).map(({ at }, i) => at - seen[i].at))
  assert.ok(soonest >= wait - 5, `${statuses} within ${soonest} ms, expected ${wait}`)
}

function sleep(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms))
}

/** A slow model answers in a few tokens what is asked in a few tokens. */
export const question = [
  { role: 'system', content: 'Be brief.' },
  { role: 'user', content: 'Name a colour.' },
]

export const utf8 = (text) => [...new TextEncoder().encode(text)]
