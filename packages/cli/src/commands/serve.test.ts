import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { request as httpRequest } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { main } from '../main.ts'
import { collector, hello, post, serving, writeTiny, type Served } from './serve.fixture.ts'

let folder: string
let tiny: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tramontane-serve-'))
  tiny = await writeTiny(folder)
})
afterAll(() => rm(folder, { recursive: true }))

/** Serves the tiny model while `use` runs, and sees it end well. */
async function served(argv: readonly string[], use: (server: Served) => Promise<void>): Promise<void> {
  const server = await serving('--model', tiny, ...argv)
  try {
    await use(server)
  } finally {
    expect(await server.stop()).toBe(0)
  }
}

const chat = (url: string, more: object = {}, headers: Record<string, string> = {}) =>
  post(url, '/v1/chat/completions', { model: 'tiny', ...hello, ...more }, headers)

/** With a Host header, which fetch does not let anyone choose. */
function statusFor(url: string, host: string): Promise<number> {
  return new Promise((resolve, reject) => {
    httpRequest(`${url}/health`, { headers: { host } }, (reply) => resolve(reply.resume().statusCode!))
      .on('error', reject)
      .end()
  })
}

describe('as it is', () => {
  test('answers, streams, measures, logs a line a request without what was said, and ends when asked', () =>
    served([], async ({ url, out, err }) => {
      expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/)
      expect(out()).toMatch(
        /^tiny on tfjs-[\w-]+ at http\S+ \(8 slots, 2048 tokens of context, up to \d+\.\d [MG]B of keys and values\)\nTry it: curl /,
      )
      expect((await fetch(`${url}/health`)).status).toBe(200)
      const reply = await chat(url, { messages: [{ role: 'user', content: 'a secret' }] })
      expect(await reply.json()).toMatchObject({ model: 'tiny', usage: { completion_tokens: 4 } })
      const stream = await (await chat(url, { stream: true })).text()
      expect(stream).toMatch(/^data: \{[^]*data: \[DONE\]\n\n$/)
      expect(await (await fetch(`${url}/metrics`)).text()).toMatch(/^tramontane_generated_tokens_total 8$/m)
      const lines = err()
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line) as { route?: string; msg: string })
      expect(lines.map(({ route, msg }) => route ?? msg)).toEqual([
        'listening',
        expect.stringMatching(/^backend: tfjs-/),
        '/v1/chat/completions',
        '/v1/chat/completions',
      ])
      expect(err()).not.toContain('secret')
    }))

  test('the command that it prints works', () =>
    served(['--context', '40'], async ({ url, out }) => {
      const [, address, header, body] = /curl (\S+) -H "(.+?)" -d '(.+)'/.exec(out())!
      expect(address).toBe(`${url}/v1/chat/completions`)
      const [name, value] = header.split(': ')
      const reply = await fetch(address, { method: 'POST', headers: { [name]: value }, body })
      expect(reply.status).toBe(200)
      await reply.text()
    }))

  test('does not answer to a name that a stranger may have pointed here', () =>
    served([], async ({ url }) => {
      expect(await statusFor(url, 'evil.example')).toBe(403)
      expect(await statusFor(url, 'localhost')).toBe(200)
    }))
})

describe('options', () => {
  interface Line {
    readonly msg: string
    readonly why?: string
    readonly version?: string
  }
  const backendLine = (err: string): Line | undefined =>
    err
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Line)
      .find(({ msg }) => msg.startsWith('backend: '))
  const fingerprintOf = async (url: string): Promise<string> =>
    ((await (await chat(url)).json()) as { system_fingerprint: string }).system_fingerprint

  test('--backend: auto says what it has become, and why; a name is that; each has its own fingerprint', async () => {
    const prints = new Set<string>()
    const said: (Line | undefined)[] = []
    for (const asked of [[], ['--backend', 'tfjs-cpu'], ['--backend', 'reference']]) {
      await served(asked, async ({ url, out, err }) => {
        const line = backendLine(err())!
        expect(out().startsWith(`tiny on ${line.msg.replace('backend: ', '')} at `)).toBe(true)
        prints.add(await fingerprintOf(url))
        said.push(line)
      })
    }
    const version = expect.stringMatching(/^4\.\d+/) as string
    const why = (text: string) => expect.stringMatching(text) as string
    expect(said).toEqual([
      expect.objectContaining({ msg: why('^backend: tfjs-'), version, why: why('^tfjs-[^]*') }) as Line,
      expect.objectContaining({ msg: 'backend: tfjs-cpu', version, why: 'tfjs-cpu, as asked for' }) as Line,
      expect.not.objectContaining({ why: expect.anything() as string }) as Line,
    ])
    expect(prints.size).toBe(3)
  })

  test('--name, --context, --price, --strict, --body-limit, --cors', () =>
    served(
      [
        '--name',
        'a',
        'b/c',
        '--context',
        '40',
        '--price',
        '1000',
        '--strict',
        '--body-limit',
        '400',
        '--cors',
        'https://x.example',
      ],
      async ({ url }) => {
        const ask = (more: object) => post(url, '/v1/chat/completions', { model: 'b/c', ...hello, ...more })
        const { data } = (await (await fetch(`${url}/v1/models`)).json()) as { data: object[] }
        expect(data).toMatchObject([
          { id: 'a', max_model_len: 40 },
          { id: 'b/c', max_model_len: 40 },
        ])
        const { usage } = (await (await ask({})).json()) as { usage: { total_tokens: number; estimated_cost: number } }
        expect(usage.estimated_cost).toBeCloseTo(usage.total_tokens / 1000, 9)
        expect((await ask({ model: 'tiny' })).status).toBe(404)
        expect((await ask({ colour: 'red' })).status).toBe(400)
        expect((await ask({ user: 'x'.repeat(400) })).status).toBe(413)
        const reply = await fetch(`${url}/health`, { headers: { origin: 'https://x.example' } })
        expect(reply.headers.get('access-control-allow-origin')).toBe('https://x.example')
      },
    ))

  test('without them: the folder’s name, free of charge to strangers of other origins', () =>
    served([], async ({ url }) => {
      const reply = await fetch(`${url}/v1/models`, { headers: { origin: 'https://x.example' } })
      expect(reply.headers.get('access-control-allow-origin')).toBeNull()
      expect(await reply.json()).toMatchObject({ data: [{ id: 'tiny', max_model_len: 2048 }] })
      const { usage } = (await (await chat(url, { colour: 'red' })).json()) as {
        usage: { total_tokens: number; estimated_cost: number }
      }
      expect(usage.estimated_cost).toBeCloseTo((usage.total_tokens * 0.07) / 1e6, 12)
    }))

  test('--api-key, from everywhere, and names no longer matter', async () => {
    const file = join(folder, 'keys')
    await writeFile(file, 'from-file\n')
    process.env['TRAMONTANE_API_KEYS'] = 'from-variable'
    try {
      await served(['--api-key', 'one', 'two', '--api-key-file', file], async ({ url, out }) => {
        expect(out()).toContain('Authorization: Bearer $KEY')
        const status = async (key?: string) =>
          (await fetch(`${url}/v1/models`, { headers: key === undefined ? {} : { authorization: `Bearer ${key}` } }))
            .status
        const keys = ['one', 'two', 'from-file', 'from-variable', undefined, 'three']
        expect(await Promise.all(keys.map(status))).toEqual([200, 200, 200, 200, 401, 401])
        expect(await statusFor(url, 'any.example')).toBe(200)
      })
    } finally {
      delete process.env['TRAMONTANE_API_KEYS']
    }
  })

  test('--slots and --queue: what they do not hold is 429, with a time to come back', () =>
    served(['--slots', '1', '--queue', '1'], async ({ url }) => {
      const all = await Promise.all(
        Array.from({ length: 6 }, async () => {
          // Streams are accepted at once, also those that wait.
          const reply = await chat(url, { max_tokens: 2000, ignore_eos: true, stream: true })
          return [reply.status, reply.headers.get('retry-after'), reply.body!] as const
        }),
      )
      const refused = all.filter(([status]) => status === 429)
      expect(all.filter(([status]) => status === 200).length).toBe(2)
      expect(refused.length).toBe(4)
      expect(Number(refused[0][1])).toBeGreaterThan(0)
      await Promise.all(all.map(([, , body]) => body.cancel()))
    }))

  test('--cache-memory bounds the context; --log-level silent says nothing', () =>
    served(['--cache-memory', '256KB', '--log-level', 'silent', '--backend', 'reference'], async ({ url, err }) => {
      // Two layers, one key-value head of 16, keys and values of 8 bytes in the reference: 512 bytes a token.
      expect(await (await fetch(`${url}/v1/models`)).json()).toMatchObject({ data: [{ max_model_len: 500 }] })
      expect((await chat(url)).status).toBe(200)
      expect(err()).toBe('')
    }))

  test('WebAssembly promises no more keys and values than it can address', () =>
    served(['--backend', 'tfjs-wasm', '--slots', '8000', '--cache-memory', '100GB'], async ({ out }) => {
      // 8,000 × 2,048 tokens of 512 bytes are 8.4 GB. Of 3.75 GiB 200 MB are for all else, and next to nothing is weights.
      expect(out()).toContain('up to 3.8 GB of keys and values')
    }))

  test('--host beyond this machine, without a key, is said out loud', () =>
    served(['--host', '0.0.0.0'], async ({ url, out, err }) => {
      expect(JSON.parse(err().split('\n')[0])).toMatchObject({
        level: 40,
        msg: 'listening on 0.0.0.0 without an API key: whoever reaches it can use it',
      })
      expect(out()).toContain(`curl ${url.replace('0.0.0.0', '127.0.0.1')}`)
    }))

  test('--grace: a stream that goes on is told why it ends', async () => {
    const server = await serving('--model', tiny, '--grace', '0.2')
    const reply = await chat(server.url, { stream: true, max_tokens: 2000, ignore_eos: true })
    const text = reply.text()
    await new Promise((resolve) => setTimeout(resolve, 100))
    const started = performance.now()
    expect(await server.stop()).toBe(0)
    expect(performance.now() - started).toBeLessThan(3000)
    expect(await text).toMatch(
      /"finish_reason":null[^]*data: \{"error":\{[^\n]*"code":"draining"\}\}\n\ndata: \[DONE\]\n\n$/,
    )
  })

  test('with grace enough, a running reply is given whole', async () => {
    const server = await serving('--model', tiny, '--grace', '20')
    const reply = chat(server.url, { max_tokens: 600, ignore_eos: true })
    await new Promise((resolve) => setTimeout(resolve, 100))
    expect(await server.stop()).toBe(0)
    expect(await (await reply).json()).toMatchObject({ usage: { completion_tokens: 600 } })
  })
})

describe('refusals are one line', () => {
  async function refused(...argv: readonly string[]): Promise<{ code: number; err: string }> {
    const [out, err] = [collector(), collector()]
    const code = await main(['serve', ...argv], { stdin: new PassThrough(), stdout: out.stream, stderr: err.stream })
    expect(out.text()).toBe('')
    return { code, err: err.text() }
  }

  test('a port in use', () =>
    served([], async ({ url }) => {
      const found = await refused('--model', tiny, '--port', new URL(url).port)
      expect(found).toEqual({
        code: 1,
        err: expect.stringMatching(
          /^error: cannot listen on 127.0.0.1 port \d+: another program does; .*\n$/,
        ) as string,
      })
    }))

  const cases: [string, string[], number, RegExp][] = [
    ['no model', ['--model', '/no/such/model'], 1, /^error: .*no.such.model.*\n$/m],
    ['too long a context', ['--context', '4096'], 1, /--context 4096: the model was made for at most 2048 tokens/],
    [
      'too little memory',
      ['--context', '2048', '--cache-memory', '1MB'],
      1,
      /needs 1\.0 MB .*only 1\.0 MB --cache-memory allows/,
    ],
    ['a key with a space', ['--api-key', 'a b'], 1, /API key 1 of 1: expected printable ASCII/],
    ['an empty key', ['--api-key', ''], 2, /Expected something that is not empty/],
    ['a port beyond all', ['--port', '65536'], 2, /Expected a port from 0 to 65535/],
    ['an origin with a path', ['--cors', 'https://x.example/'], 2, /without a path/],
    ['an unknown backend', ['--backend', 'abacus'], 2, /Allowed choices are/],
    ['an unknown level', ['--log-level', 'loud'], 2, /Allowed choices are/],
    ['no slots', ['--slots', '0'], 2, /whole number from 1/],
  ]
  test.each(cases)('%s', async (_, argv, code, message) => {
    const port = argv.includes('--port') ? [] : ['--port', '0']
    const model = argv.includes('--model') ? [] : ['--model', tiny]
    const found = await refused(...model, ...port, ...argv)
    expect(found.code).toBe(code)
    expect(found.err).toMatch(message)
    expect(found.err).not.toMatch(/^ +at /m)
  })
})
