import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import {
  byteModel,
  checks,
  goldenRows,
  idOf,
  judgeServer,
  reportMarkdown,
  tramontane,
  writeGoldenModel,
  type Capabilities,
  type Check,
  type GoldenRows,
  type Validator,
} from '@tramontane/conformance/http'
import { precisions } from '@tramontane/conformance/bound'
import {
  engine,
  loadFolder,
  reference,
  type Engine,
  type EngineOptions,
  type GenerationRequest,
  type Model,
  type Program,
} from '@tramontane/core'
import { load } from '@tramontane/core/disk'
import { Ajv2020 } from 'ajv/dist/2020.js'
import formats from 'ajv-formats'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Fault, Handler } from './conformance-faults/fault.fixture.ts'
import { logprobFaults } from './conformance-faults/logprobs.fixture.ts'
import { refusalFaults, rightKey } from './conformance-faults/refusals.fixture.ts'
import { replyFaults } from './conformance-faults/replies.fixture.ts'
import { samplingFaults } from './conformance-faults/sampling.fixture.ts'
import { streamFaults } from './conformance-faults/streams.fixture.ts'
import { structuredFaults } from './conformance-faults/structured.fixture.ts'
import { toolFaults } from './conformance-faults/tools.fixture.ts'
import { handler } from './handler.ts'
import { listen, type Listening } from './node/index.ts'
import { prompts } from './prompts.ts'
import type { Serving } from './serving.ts'

const context = 1024
const keepAlive = 100
/** Requests with these seeds fail after some tokens, or take a while over the first. */
const [failing, slow] = [1001, 1002]

/** Room for requests: usually, and where a server is to be filled. */
const usual = { slots: 8, queue: 32 }
const narrow = { slots: 2, queue: 4 }

/** Everything that is to be judged, before it listens. */
interface World {
  readonly main: Serving
  /** For the checks that fill a server: little room, and passes that take their time without work. */
  readonly small: Serving
  readonly golden: Serving
  readonly goldenRows: GoldenRows
  close(): Promise<void>
}

let world: World
beforeAll(async () => (world = await build()))
afterAll(() => world.close())

async function build(): Promise<World> {
  const directory = await mkdtemp(join(tmpdir(), 'golden-model-'))
  await writeGoldenModel(directory)
  const models = [await loadFolder(await byteModel()), await load(directory)] as const
  const main = await serve(models[0], usual)
  const small = await serve(models[0], narrow, (program) => paced(program, 5))
  const golden = await serve(models[1], usual)
  return {
    main: { ...main, engine: capricious(main.engine) },
    small,
    golden,
    goldenRows: await goldenRows({ precision: precisions.f64 }),
    async close() {
      await Promise.all([main, small, golden].map((serving) => serving.engine.close()))
      await Promise.all(models.map((model) => model.close()))
      await rm(directory, { recursive: true })
    },
  }
}

async function serve(
  loaded: Model,
  room: Partial<EngineOptions>,
  change = (right: Program) => right,
): Promise<Serving> {
  const program = change(await reference().load(loaded.graph, loaded.weights))
  const most = Math.min(context, loaded.config.context)
  const model = {
    ids: ['tiny'],
    created: 1_700_000_000,
    context: most,
    end: loaded.config.end,
    tokenizer: loaded.tokenizer,
    prompts: prompts(loaded),
    fingerprint: 'fp_tiny',
  }
  return { model, engine: engine(program, { ...room, context: most }) }
}

/** The program, but that passes end one after the other, at least so many milliseconds apart. */
function paced(program: Program, milliseconds: number): Program {
  let last: Promise<unknown> = Promise.resolve()
  return {
    graph: program.graph,
    open: (capacity) => program.open(capacity),
    usage: () => program.usage(),
    dispose: () => program.dispose(),
    submit(feeds, options) {
      const pass = program.submit(feeds, options)
      const done = Promise.allSettled([pass.done, last.then(() => sleep(milliseconds))]).then(() => pass.done)
      last = done.catch(() => {})
      const { drawn } = pass
      return { drawn, done, candidates: (feed) => pass.candidates(feed), read: (name, feed) => pass.read(name, feed) }
    },
  }
}

/** The engine, but for the two seeds. */
function capricious(right: Engine): Engine {
  const events = async function* (request: GenerationRequest, all: AsyncIterable<never>) {
    const seed = Number(request.sampling?.seed)
    let count = 0
    for await (const event of all) {
      if (seed === slow && count === 1) await sleep(4 * keepAlive)
      if (seed === failing && count === 4) throw new Error('the device at 0xdeadbeef is gone')
      count++
      yield event
    }
  }
  return {
    submit: (requests) =>
      right.submit(requests).map((generation, i) => ({
        released: generation.released,
        cancel: () => generation.cancel(),
        [Symbol.asyncIterator]: () => events(requests[i]!, generation as AsyncIterable<never>)[Symbol.asyncIterator](),
      })),
    state: () => right.state(),
    probe: () => right.probe(),
    close: () => right.close(),
  }
}

const ajv = formats.default(new Ajv2020({ strict: false, logger: false }))
const validator: Validator = (schema) => ajv.compile(schema)

const long = (tokens: number) => ({ max_tokens: tokens, ignore_eos: true })

const options = { keys: [rightKey], cors: ['https://allowed.example'], limits: { keepAlive } }
const handlerOf = (serving: Serving): Handler => handler({ ...options, serving: () => serving })

/** What our server says of itself. */
function capabilitiesOf(
  golden: Capabilities['golden'],
  listenTo: (right: Handler) => Promise<Listening>,
): Capabilities {
  return {
    ...tramontane,
    validator,
    loading: () => loadingServer(listenTo),
    cors: options.cors,
    end: { token: 2, counted: true },
    failing: { seed: failing },
    slow: { fields: { seed: slow }, keepAlive },
    ...(golden && { golden }),
    context,
    controlTokens: ['<|im_start|>', '<|im_end|>'],
    openRoutes: ['/health'],
    capacity: { ...usual, long: long(900) },
    process: { start: () => startServer(listenTo), grace: 5000 },
  }
}

async function loadingServer(listenTo: (right: Handler) => Promise<Listening>) {
  let now: Serving | 'loading' = 'loading'
  const server = await listenTo(handler({ ...options, serving: () => now }))
  return { url: server.url, finish: async () => void (now = world.main), close: () => server.drain(0) }
}

async function startServer(listenTo: (right: Handler) => Promise<Listening>) {
  const server = await listenTo(handlerOf(world.main))
  let exit: (code: number) => void
  const exited = new Promise<number>((resolve) => (exit = resolve))
  return { url: server.url, terminate: () => void server.drain(4000).then(() => exit(0)), exited }
}

/** Those that need a server to be full. */
const fills = ({ number, part }: Check): boolean => number === 65 || (number === 66 && part !== 'c')

/** Judges our server as it is changed. */
async function verdicts(wrong: Fault['wrong'], some: readonly Check[], extra: Capabilities = {}) {
  const servers: Listening[] = []
  const listenTo = async (right: Handler): Promise<Listening> => {
    servers.push(await listen({ handler: wrong(right), port: 0 }))
    return servers.at(-1)!
  }
  const full = some.every(fills)
  const { engine, ...serving } = full ? world.small : world.main
  try {
    const { url } = await listenTo(handlerOf({ ...serving, engine }))
    const golden = { model: 'tiny', key: rightKey, expected: world.goldenRows }
    const goldenUrl = (await listenTo(handlerOf(world.golden))).url
    const capabilities = {
      ...capabilitiesOf({ ...golden, url: goldenUrl }, listenTo),
      ...(full && { capacity: { ...narrow, long: long(900) } }),
      ...extra,
    }
    return await judgeServer({ url, key: rightKey, model: 'tiny', capabilities, checks: some, timeout: 30_000 })
  } finally {
    await Promise.all(servers.map((server) => server.drain(0)))
    await idle(engine)
  }
}

/** What a faulty server has left running would be in the way of the next. */
async function idle(engine: Engine): Promise<void> {
  while (engine.state().live + engine.state().waiting > 0) await sleep(20)
}

const faults = [
  ...[...replyFaults, ...streamFaults, ...samplingFaults, ...logprobFaults, ...refusalFaults],
  ...[...structuredFaults, ...toolFaults],
]

/** What is wrong is not the reply but what was declared, or how the server ends. */
const declaredWrong: Readonly<Record<string, Capabilities>> = {
  '64c': { headerLimit: 4 * 1024 },
  // Nobody stops these: long enough to be noticed (at least 3 s for all), short enough to be waited for.
  '66a': { capacity: { ...narrow, long: long(200) } },
  '66b': { capacity: { ...narrow, long: long(200) } },
  '66c': {
    process: {
      start: async () => {
        const server = await listen({ handler: handlerOf(world.main), port: 0 })
        return { url: server.url, terminate: () => void server.drain(4000), exited: new Promise<null>(() => {}) }
      },
      grace: 500,
    },
  },
}

describe('the HTTP checks', () => {
  test('our server passes all of them', async () => {
    const right: Fault['wrong'] = (right) => right
    const others = checks.filter((check) => !fills(check))
    const reports = [await verdicts(right, others), await verdicts(right, checks.filter(fills))]
    const results = reports.flatMap(({ results }) => results)
    expect(results.filter(({ verdict }) => verdict !== 'pass')).toEqual([])
    expect(results.length).toBe(checks.length)
  }, 300_000)

  test.each(faults)('$check fails: $what', async ({ check, wrong, message }) => {
    const some = checks.filter((one) => idOf(one) === check)
    const [result] = (await verdicts(wrong, some, declaredWrong[check])).results
    expect(result?.verdict).toBe('fail')
    expect(result?.message).toMatch(message)
  })

  test('there is a fault for every check', () => {
    expect(new Set(faults.map(({ check }) => check))).toEqual(new Set(checks.map(idOf)))
  })

  test('what is not declared is unsupported, and is not counted as passed', async () => {
    const server = await listen({ handler: handlerOf(world.main), port: 0 })
    const some = checks.filter(({ number }) => number === 2 || number === 3)
    const report = await judgeServer({ url: server.url, key: rightKey, checks: some })
    await server.drain(0)
    expect(report.results.map(({ verdict }) => verdict)).toEqual(['unsupported', 'unsupported', 'unsupported'])
    expect(reportMarkdown(report)).toContain('0 passed, 0 failed, 3 unsupported')
  })
})
