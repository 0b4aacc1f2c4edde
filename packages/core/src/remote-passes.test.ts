import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { beforeEach, describe, expect, test } from 'vitest'
import type { Backend, Drawn, Program, Sequence } from './backend.ts'
import type { Port } from './channel.ts'
import { engine } from './engine/engine.ts'
import { eventsOf, tokensOf } from './engine/tiny-program.fixture.ts'
import { remote, serve } from './remote.ts'
import { deferred, feed as feedOf, graph, greedy, quiet, settling, SlowDevice, source } from './slow-device.fixture.ts'

/** Delivers copies as soon as nothing else is to do; what is on its way here can be kept back. */
class Channel {
  readonly here: Port
  readonly there: Port
  /** Messages kept back; undefined while none is. */
  kept: (() => void)[] | undefined

  constructor() {
    const end = () => ({ onmessage: null, close() {}, postMessage() {} }) as Port
    this.here = end()
    this.there = end()
    this.here.postMessage = (message) => deliver(this.there, message)
    this.there.postMessage = (message) => {
      if (this.kept === undefined) deliver(this.here, message)
      else this.kept.push(() => deliver(this.here, message))
    }
  }

  letThrough(): void {
    for (const send of this.kept!) send()
    this.kept = undefined
  }
}

function deliver(to: Port, message: unknown): void {
  const data: unknown = structuredClone(message)
  queueMicrotask(() => to.onmessage!({ data } as MessageEvent))
}

let channel: Channel
let device: SlowDevice
let program: Program
let sequence: Sequence
/** Tokens drawn over there. */
let drawn: WeakRef<Drawn>[]
beforeEach(async () => {
  channel = new Channel()
  device = new SlowDevice()
  drawn = []
  serve(channel.there, watched(device.backend()))
  program = await (await remote(channel.here)).load(graph, source)
  sequence = program.open(10_000)
})

function watched(backend: Backend): Backend {
  return {
    ...backend,
    async load(...given) {
      const program = await backend.load(...given)
      const submit: Program['submit'] = (feeds, options) => {
        const pass = program.submit(feeds, options)
        drawn.push(...pass.drawn.map((each) => new WeakRef(each)))
        return pass
      }
      return new Proxy(program, {
        get: (_, name: keyof Program) => (name === 'submit' ? submit : bound(program, name)),
      })
    },
  }
}

/** Programs have private fields, which their proxies have not. */
function bound(program: Program, name: keyof Program): unknown {
  const value: unknown = program[name]
  return typeof value === 'function' ? (value.bind(program) as unknown) : value
}

const feed = (tokens: number | Drawn, of = sequence) => feedOf(tokens, of)
const submit = (tokens: number | Drawn, of?: Sequence) => program.submit([feed(tokens, of)], greedy)

describe('a step is under way over there before the one before it has settled', () => {
  test('and goes on from the token that it draws', async () => {
    const first = submit(4)
    const second = submit(first.drawn[0])
    const third = submit(second.drawn[0])
    await quiet()
    expect(device.log).toEqual(['launch 4', 'keep 0-1', 'launch 0', 'keep 0-2', 'launch 0', 'keep 0-3'])
    expect(device.passes[2].batch.drawn).toMatchObject([{ row: 0, feed: 0 }])
    for (const { finish } of device.passes) finish()
    expect(await third.drawn[0].token).toBe(7)
  })

  test('and settles after it', async () => {
    const settled = settling({ a: submit(1), b: submit(2), c: submit(3) })
    await quiet()
    device.passes[2].finish()
    device.passes[1].finish()
    await quiet()
    expect(settled).toEqual([])
    device.passes[0].finish()
    await quiet()
    expect(settled).toEqual(['a', 'b', 'c'])
  })

  test('with the token of one feed among others', async () => {
    const others = [program.open(8), program.open(8)]
    const first = program.submit([feed(10, others[0]), feed(20, others[1])], greedy)
    const tokens = Int32Array.of(5, 6)
    program.submit([{ sequence, tokens, logits: 'last' }, feed(first.drawn[1], others[1])], greedy)
    await quiet()
    const { batch } = device.passes[1]
    expect([...batch.tokens]).toEqual([5, 6, 0])
    expect(batch.drawn).toMatchObject([{ row: 2, feed: 1 }])
  })

  test('when an engine decodes', async () => {
    const loop = engine(program, { context: 32 })
    const [generation] = loop.submit([{ prompt: Int32Array.of(3, 4), maxTokens: 5 }])
    const events = eventsOf(generation)
    for (let step = 0; step < 5; step++) {
      await expect.poll(() => device.passes.length, { interval: 1 }).toBe(Math.min(step + 2, 5))
      device.passes[step].finish()
    }
    expect(tokensOf(await events)).toEqual([5, 6, 7, 8, 9])
    await loop.close()
  })
})

describe('a drawn token', () => {
  test('whose pass has ended is fed as any other', async () => {
    const first = submit(4)
    await quiet()
    device.passes[0].finish()
    await first.done
    submit(first.drawn[0])
    await quiet()
    expect(device.passes[1].batch).toMatchObject({ tokens: Int32Array.of(5), drawn: [] })
  })

  test('whose pass has ended over there, which is not known here yet, is fed from there', async () => {
    const first = submit(4)
    await quiet()
    channel.kept = []
    device.passes[0].finish()
    await quiet()
    const second = submit(first.drawn[0])
    await quiet()
    expect(device.passes[1].batch).toMatchObject({ tokens: Int32Array.of(5), drawn: [] })
    channel.letThrough()
    device.passes[1].finish()
    expect(await second.drawn[0].token).toBe(6)
  })

  test('that becomes known while a token from elsewhere is waited for is fed as any other', async () => {
    const other = program.open(8)
    const elsewhere = deferred<number>()
    const first = submit(4)
    const second = program.submit([feed(first.drawn[0]), feed({ token: elsewhere.promise }, other)], greedy)
    await quiet()
    expect(device.passes.length).toBe(1)
    device.passes[0].finish()
    await first.done
    elsewhere.resolve(40)
    await quiet()
    expect(device.passes[1].batch).toMatchObject({ tokens: Int32Array.of(5, 40), drawn: [] })
    device.passes[1].finish()
    expect(await second.drawn[1].token).toBe(41)
  })

  test('is let go over there when it is known here, or has failed, which two thousand steps show', async () => {
    let last = submit(0)
    for (let step = 1; step < 2000; step++) {
      last = submit(last.drawn[0])
      await quiet()
      device.passes.shift()!.finish()
    }
    device.passes.shift()!.finish()
    expect(await last.drawn[0].token).toBe(2000 % 100)
    for (let step = 0; step < 100; step++) {
      const failing = submit(0)
      await quiet()
      device.passes.shift()!.fail(new Error('out of memory'))
      await failing.done.catch(() => {})
      sequence.truncate(0)
    }
    expect(drawn.length).toBe(2100)
    await quiet()
    expect(alive(drawn)).toBeLessThan(4)
  })
})

function alive(refs: readonly WeakRef<object>[]): number {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  collect()
  return refs.filter((each) => each.deref() !== undefined).length
}

describe('a failure over there', () => {
  const error = new Error('out of memory')

  test('fails what went on from it meanwhile with the same error, until a truncation', async () => {
    const other = program.open(8)
    const first = submit(1)
    const passes = [first, submit(first.drawn[0]), submit(first.drawn[0], other)]
    await quiet()
    device.passes[0].fail(error)
    for (const { finish } of device.passes.slice(1)) finish()
    for (const pass of passes) await expect(pass.done).rejects.toThrow(/^out of memory$/)
    expect(() => submit(1)).toThrow('an earlier pass failed (out of memory)')
    expect(() => submit(1, other)).toThrow('an earlier pass failed (out of memory)')
    sequence.truncate(0)
    const again = submit(6)
    await quiet()
    expect(device.log.slice(-3)).toEqual(['keep 0-0', 'launch 6', 'keep 0-1'])
    device.passes.at(-1)!.finish()
    expect(await again.drawn[0].token).toBe(7)
  })

  test('that is not known here yet has passes refused there; all of them fail here, whoever was in them', async () => {
    const other = program.open(8)
    const first = submit(1)
    await quiet()
    channel.kept = []
    device.passes[0].fail(error)
    await quiet()
    const refused = program.submit([feed(first.drawn[0]), feed(9, other)], greedy)
    const after = [submit(2, other), submit(refused.drawn[1], other)]
    await quiet()
    for (const { finish } of device.passes.slice(1)) finish()
    channel.letThrough()
    for (const pass of [first, refused, ...after]) await expect(pass.done).rejects.toThrow(/^out of memory$/)
    other.truncate(0)
    const again = submit(6, other)
    await quiet()
    expect(device.log.slice(-3)).toEqual(['keep 0-0', 'launch 6', 'keep 0-1'])
    device.passes.at(-1)!.finish()
    expect(await again.drawn[0].token).toBe(7)
  })
})

test('a pass is stopped over there, and fails with its reason, and those after it', async () => {
  const stop = new AbortController()
  const first = program.submit([feed(1)], { ...greedy, signal: stop.signal })
  const second = submit(first.drawn[0])
  await quiet()
  stop.abort(new Error('no longer wanted'))
  await quiet()
  expect(device.passes.map(({ batch }) => batch.signal!.aborted)).toEqual([true, false])
  for (const { finish } of device.passes) finish()
  await expect(first.done).rejects.toThrow('no longer wanted')
  await expect(second.done).rejects.toThrow('no longer wanted')
})

test('a truncation, a fork, a closing and the end of the program wait for what is under way', async () => {
  const first = submit(1)
  submit(first.drawn[0])
  sequence.truncate(1)
  sequence.fork()
  sequence.close()
  const disposed = program.dispose()
  await quiet()
  expect(device.log).toEqual(['launch 1', 'keep 0-1', 'launch 0', 'keep 0-2'])
  for (const { finish } of device.passes) finish()
  await disposed
  expect(device.log.slice(4)).toEqual(['keep 0-1', 'fork', 'close', 'close', 'free'])
})

test('a fork goes back over there, to its beginning too', async () => {
  const first = submit(1)
  await quiet()
  device.passes[0].finish()
  await first.done
  const twin = sequence.fork()
  twin.truncate(0)
  await quiet()
  expect(device.log.slice(2)).toEqual(['fork', 'keep 0-0'])
})
