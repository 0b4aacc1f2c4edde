// How long GET /health takes while eight streams decode, and while long texts are encoded beside them. See docs/benchmarks.md.
import { Agent, get } from 'node:http'
import { served } from './served.js'

const model = 'smollm2-135m-instruct-fp8'
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms))

await served(['--backend', 'reference'], async (url) => {
  const kept = new Agent({ keepAlive: true, maxSockets: 1 })
  await measure('idle', url, kept, 5_000)
  const leave = new AbortController()
  const streams = Array.from({ length: 8 }, (_, i) => stream(url, i, leave.signal).catch(() => {}))
  await pause(5_000)
  await measure('8 streams', url, kept, 20_000)
  let on = true
  const encoding = (async () => {
    while (on) await post(`${url}/tokenize`, { prompt: ' '.repeat(400_000) }).then((reply) => reply.arrayBuffer())
  })()
  await measure('8 streams, texts of 400 kB encoded', url, kept, 15_000)
  on = false
  leave.abort()
  kept.destroy()
  await Promise.all([encoding, ...streams])
})

/** Half of them with what costs most between two passes: log-probabilities, and a sort of the vocabulary. */
async function stream(url, i, signal) {
  const messages = [{ role: 'user', content: `Tell me story number ${i}` }]
  const more = i % 2 === 0 ? { logprobs: true, top_logprobs: 5 } : {}
  const body = {
    model,
    stream: true,
    max_tokens: 2000,
    ignore_eos: true,
    temperature: 0.8,
    top_p: 0.9,
    messages,
    ...more,
  }
  const reply = await post(`${url}/v1/chat/completions`, body, signal)
  for await (const _ of reply.body);
}

function post(url, body, signal) {
  const headers = { 'content-type': 'application/json' }
  return fetch(url, { method: 'POST', headers, body: JSON.stringify(body), signal })
}

/** On a connection that is kept and on new ones, in turn. */
async function measure(name, url, kept, ms) {
  const times = []
  for (const end = performance.now() + ms; performance.now() < end; await pause(20)) {
    times.push(await ask(url, kept), await ask(url, new Agent()))
  }
  times.sort((a, b) => a - b)
  const [p50, p99, most] = [0.5, 0.99, 1].map((p) =>
    times[Math.min(times.length - 1, Math.floor(p * times.length))].toFixed(1),
  )
  console.log(`${name}: ${times.length} requests, median ${p50} ms, p99 ${p99} ms, most ${most} ms`)
}

function ask(url, agent) {
  const started = performance.now()
  return new Promise((resolve, reject) => {
    const request = get(`${url}/health`, { agent }, (reply) => {
      if (reply.statusCode !== 200) reject(new Error(`GET /health answered ${reply.statusCode}`))
      reply.resume().on('end', () => resolve(performance.now() - started))
    })
    request.on('error', reject)
  })
}
