import { useSoftwareAdapter } from '@tramontane/backend-webgpu/software.fixture'
import { openDevice, webgpu } from '@tramontane/backend-webgpu'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { collector, hello, post, writeTiny } from '../commands/serve.fixture.ts'
import { here } from '../worker-backend.ts'
import { serve, type ServeOptions } from './serve.ts'

let folder: string
let model: string
beforeAll(async () => {
  useSoftwareAdapter()
  folder = await mkdtemp(join(tmpdir(), 'tramontane-lost-'))
  model = await writeTiny(folder)
})
afterAll(() => rm(folder, { recursive: true }))

/** A device, and those of its buffers that nobody has freed. */
async function watchedDevice() {
  const device = await openDevice()
  const create = device.createBuffer.bind(device)
  const live = new Set<ReturnType<typeof create>>()
  device.createBuffer = (descriptor: Parameters<typeof create>[0]) => {
    const buffer = create(descriptor)
    const destroy = buffer.destroy.bind(buffer)
    live.add(buffer)
    buffer.destroy = () => (live.delete(buffer), destroy())
    return buffer
  }
  /** All but the recorder's own, and what an op may have taken when it failed. */
  const large = () => [...live].filter(({ label, size }) => label !== 'parameters' && size > 4096)
  return { device, large }
}

/** A server in this process whose devices can be lost. */
async function served(changes: Partial<ServeOptions> = {}) {
  const devices: Awaited<ReturnType<typeof watchedDevice>>[] = []
  const [out, err, stop] = [collector(), collector(), new AbortController()]
  const ended = serve(
    { stdin: new PassThrough(), stdout: out.stream, stderr: err.stream, signal: stop.signal },
    {
      model,
      names: ['tiny'],
      backend: 'webgpu',
      slots: 4,
      queue: 4,
      context: undefined,
      cacheMemory: undefined,
      host: '127.0.0.1',
      port: 0,
      keys: [],
      cors: [],
      price: 0,
      bodyLimit: 2 ** 20,
      strict: false,
      grace: 5,
      logLevel: 'info',
      delays: { before: [0, 10, 10], well: 1e9 },
      async startBackend() {
        const one = await watchedDevice()
        devices.push(one)
        const about = { name: 'webgpu', version: '', why: null }
        return here({ backend: await webgpu(one.device), about })
      },
      ...changes,
    },
  )
  const until = async (text: string | RegExp): Promise<string> => {
    for (;;) {
      const found = (out.text() + err.text()).match(text)
      if (found) return found[1] ?? found[0]
      await Promise.race([new Promise((resolve) => setTimeout(resolve, 10)), ended])
    }
  }
  const url = await until(/ at (http:\S+)/)
  return { url, devices, until, log: err.text, stop: () => (stop.abort(), ended) }
}

const ask = { ...hello, model: 'tiny', ignore_eos: true }

test('a device lost in the middle of a stream ends it with an error; a new device answers the next request', async () => {
  const server = await served()
  const chat = (body: object) => post(server.url, '/v1/chat/completions', { ...ask, ...body })
  const streamed = await chat({ stream: true, max_tokens: 2000 })
  const plain = chat({ max_tokens: 2000 })
  const reader = streamed.body!.pipeThrough(new TextDecoderStream()).getReader()
  const first = await reader.read()
  server.devices[0].device.destroy()
  let text = first.value ?? ''
  for (let part = await reader.read(); !part.done; part = await reader.read()) text += part.value
  expect(text).toMatch(/data: \{"error":\{"message":[^\n]*"type":"server_error"[^\n]*\}\n\ndata: \[DONE\]\n\n$/)
  const failed = await plain
  expect([500, 503]).toContain(failed.status)
  expect(await failed.json()).toMatchObject({ error: { type: 'server_error' } })
  await server.until('the model is there again')
  expect(server.log()).toMatch(/the device is lost \(destroyed/)
  const answered = await chat({})
  expect(answered.status).toBe(200)
  expect((await fetch(`${server.url}/health`)).status).toBe(200)
  expect(server.devices.length).toBe(2)
  // What was on the old one is let go.
  expect(server.devices.map(({ large }) => large().length > 0)).toEqual([false, true])
  await server.stop()
  expect(server.devices[1].large()).toEqual([])
})

test('until it is there, and where it never is, requests and probes are told so at once', async () => {
  let starts = 0
  let release = () => {}
  const held = new Promise<void>((resolve) => (release = resolve))
  const devices: Awaited<ReturnType<typeof watchedDevice>>[] = []
  const server = await served({
    async startBackend() {
      if (starts++ > 0) {
        await held
        throw new Error('no adapter')
      }
      devices.push(await watchedDevice())
      return here({ backend: await webgpu(devices[0].device), about: { name: 'webgpu', version: '', why: null } })
    },
  })
  devices[0].device.destroy()
  await server.until('it is started again')
  for (const reply of [await fetch(`${server.url}/health`), await post(server.url, '/v1/chat/completions', ask)]) {
    expect(reply.status).toBe(503)
    expect(Number(reply.headers.get('retry-after'))).toBeGreaterThan(0)
    expect(await reply.json()).toMatchObject({ error: { code: 'restarting' } })
  }
  release()
  await server.until('no request can be answered any more')
  expect(starts).toBe(4)
  const reply = await post(server.url, '/v1/chat/completions', ask)
  expect([reply.status, await reply.json()]).toMatchObject([503, { error: { code: 'unavailable' } }])
  await server.stop()
})
