import { beforeEach, describe, expect, test } from 'vitest'
import type { Drawn, Program, Sequence } from './backend.ts'
import { deferred, feed as feedOf, graph, greedy, quiet, settling, SlowDevice, source } from './slow-device.fixture.ts'

let device: SlowDevice
let program: Program
let sequence: Sequence
beforeEach(async () => {
  device = new SlowDevice()
  program = await device.backend().load(graph, source)
  sequence = program.open(32)
})

const feed = (tokens: number | Drawn, of = sequence) => feedOf(tokens, of)
const submit = (tokens: number | Drawn, of?: Sequence) => program.submit([feed(tokens, of)], greedy)

describe('a pass is launched before the one before it has ended', () => {
  test('in order, each when the launch before it and its bookkeeping are done', async () => {
    const { promise, resolve } = deferred<void>()
    device.ready = promise
    submit(1)
    submit(2)
    await quiet()
    expect(device.log).toEqual(['launch 1'])
    resolve()
    await quiet()
    expect(device.log).toEqual(['launch 1', 'keep 0-1', 'launch 2', 'keep 0-2'])
  })

  test('and settles after it, in whatever order the device ends', async () => {
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

  test('but no more than four', async () => {
    for (let token = 0; token < 6; token++) submit(token)
    await quiet()
    expect(device.passes.length).toBe(4)
    device.passes[1].finish()
    await quiet()
    expect(device.passes.length).toBe(4)
    device.passes[0].finish()
    await quiet()
    expect(device.passes.length).toBe(6)
  })

  test('a pass that needs every node by itself waits, and those after it wait for it', async () => {
    submit(1)
    const second = program.submit([feed(3, program.open(8))])
    submit(7)
    await quiet()
    expect(device.log).toEqual(['launch 1', 'keep 0-1'])
    device.passes[0].finish()
    await second.done
    await quiet()
    expect(device.log).toEqual(['launch 1', 'keep 0-1', 'lookup 3', 'keep 0-1', 'launch 7', 'keep 0-2'])
  })
})

describe('a drawn token', () => {
  test('is fed before anybody has read it', async () => {
    const first = submit(4)
    const second = submit(first.drawn[0])
    const third = submit(second.drawn[0])
    await quiet()
    expect(device.passes.map(({ batch }) => [...batch.tokens])).toEqual([[4], [0], [0]])
    expect(device.passes[2].batch.drawn).toMatchObject([{ row: 0, feed: 0 }])
    for (const { finish } of device.passes) finish()
    expect(await third.drawn[0].token).toBe(7)
  })

  test('names its pass and feed, and stands in its row, among others', async () => {
    const others = [program.open(8), program.open(8)]
    const first = program.submit([feed(10, others[0]), feed(20, others[1])], greedy)
    const tokens = Int32Array.of(5, 6)
    program.submit([{ sequence, tokens, logits: 'last' }, feed(first.drawn[1], others[1])], greedy)
    await quiet()
    const { batch } = device.passes[1]
    expect([...batch.tokens]).toEqual([5, 6, 0])
    expect(batch.drawn).toMatchObject([{ row: 2, feed: 1 }])
  })

  test('that has been read is fed as any other', async () => {
    const first = submit(4)
    await quiet()
    device.passes[0].finish()
    await first.done
    submit(first.drawn[0])
    await quiet()
    expect([...device.passes[1].batch.tokens]).toEqual([5])
    expect(device.passes[1].batch.drawn).toEqual([])
  })

  test('of a pass that went node by node is known before the next launch', async () => {
    const first = program.submit([feed(4)], { choose: 'greedy' })
    submit(first.drawn[0])
    await quiet()
    expect(device.log).toContain('lookup 4')
    // One logit a row: the largest is that of token 0.
    expect(device.passes[0].batch).toMatchObject({ tokens: Int32Array.of(0), drawn: [] })
  })

  test('of a feed without logits is an error of the pass that it is fed to', async () => {
    const first = program.submit([{ ...feed(4), logits: 'none' }], greedy)
    const second = submit(first.drawn[0])
    await quiet()
    device.passes[0].finish()
    await expect(second.done).rejects.toThrow('feed 0: no token was drawn')
    expect(device.passes.length).toBe(1)
    await first.done
  })

  test('fails whoever it is fed to when its pass fails', async () => {
    const other = program.open(8)
    const first = submit(1)
    const second = submit(first.drawn[0], other)
    await quiet()
    const error = new Error('the device is lost')
    device.passes[0].fail(error)
    device.passes[1].finish()
    await expect(second.done).rejects.toBe(error)
    expect(() => submit(1, other)).toThrow('an earlier pass failed')
  })
})

describe('a pass that fails when its values come', () => {
  const error = new Error('out of memory')

  test('takes those of its sequence with it, launched or not, and no others', async () => {
    const other = program.open(8)
    const passes = { a: submit(1), b: submit(2), c: submit(9, other), d: submit(3), e: submit(4) }
    const settled = settling(passes)
    await quiet()
    for (const { finish } of device.passes.slice(1)) finish()
    device.passes[0].fail(error)
    await quiet()
    expect(settled).toEqual(['-a', '-b', 'c', '-d', '-e'])
    for (const pass of [passes.b, passes.d, passes.e]) await expect(pass.done).rejects.toBe(error)
    expect(device.passes.length).toBe(4)
    expect(() => submit(5)).toThrow('an earlier pass failed (out of memory)')
  })

  test('keeps those before it', async () => {
    const settled = settling({ a: submit(1), b: submit(2) })
    await quiet()
    device.passes[1].fail(error)
    device.passes[0].finish()
    await quiet()
    expect(settled).toEqual(['a', '-b'])
  })

  test('is made up for by a truncation, when nothing is under way any more', async () => {
    const [first, second] = [submit(1), submit(2)]
    await quiet()
    device.passes[0].fail(error)
    await first.done.catch(() => {})
    sequence.truncate(0)
    const third = submit(6)
    await quiet()
    expect(device.log.slice(4)).toEqual([])
    device.passes[1].finish()
    // It went on from what failed, whatever was taken back meanwhile.
    await expect(second.done).rejects.toBe(error)
    await quiet()
    expect(device.log.slice(4)).toEqual(['keep 0-0', 'launch 6', 'keep 0-1'])
    device.passes[2].finish()
    await third.done
  })

  test('in a fork taken meanwhile too', async () => {
    submit(1)
    const twin = sequence.fork()
    const pass = submit(2, twin)
    await quiet()
    expect(device.log).toEqual(['launch 1', 'keep 0-1'])
    device.passes[0].fail(error)
    await expect(pass.done).rejects.toBe(error)
    expect(device.log).toEqual(['launch 1', 'keep 0-1', 'fork'])
  })

  test('or is never launched, with another under way', async () => {
    const first = submit(1)
    await quiet()
    device.ready = Promise.reject(error)
    device.ready.catch(() => {})
    const settled = settling({ first, second: submit(2), third: submit(3) })
    await quiet()
    expect(settled).toEqual([])
    device.passes[0].finish()
    await quiet()
    expect(settled).toEqual(['first', '-second', '-third'])
    expect(device.log.filter((line) => line.startsWith('launch'))).toEqual(['launch 1', 'launch 2'])
  })
})

test('a pass that is aborted under way fails when its values come, and its sequence with it', async () => {
  const stop = new AbortController()
  const first = program.submit([feed(1)], { ...greedy, signal: stop.signal })
  const second = submit(2)
  await quiet()
  stop.abort(new Error('no longer wanted'))
  for (const { finish } of device.passes) finish()
  await expect(first.done).rejects.toThrow('no longer wanted')
  await expect(second.done).rejects.toThrow('no longer wanted')
  sequence.truncate(0)
  const third = submit(3)
  await quiet()
  device.passes[2].finish()
  await third.done
})

test('a fork, a closing and the end of the program wait for what is under way', async () => {
  submit(1)
  sequence.fork()
  sequence.close()
  const disposed = program.dispose()
  await quiet()
  expect(device.log).toEqual(['launch 1', 'keep 0-1'])
  device.passes[0].finish()
  await disposed
  expect(device.log.slice(2)).toEqual(['fork', 'close', 'close', 'free'])
})
