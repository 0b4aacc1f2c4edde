import { expect, test } from 'vitest'
import { keepStarted, type Keeping } from './keep-started.ts'
import type { StartedModel } from './start-model.ts'

/** Models that die when they are told to. What has happened, in order, is in `log`. */
function keeping(changes: Partial<Keeping> = {}) {
  const log: string[] = []
  const deaths: ((reason: Error) => void)[] = []
  const stop = new AbortController()
  /** Of the next starts. */
  const failures: Error[] = []
  let wake = () => {}
  const note = (text: string): void => {
    log.push(text)
    wake()
  }
  const start = async (): Promise<StartedModel> => {
    const failure = failures.shift()
    if (failure !== undefined) throw failure
    const number = deaths.length
    const died = new Promise<Error>((resolve) => deaths.push(resolve))
    const close = async (reason?: Error): Promise<void> => note(`closed ${number}: ${reason?.message}`)
    return { died, close } as StartedModel
  }
  const running = keepStarted({
    start,
    started: (_, again) => note(again ? 'again' : 'first'),
    failed(reason, delay) {
      note(`${reason.message}, ${delay}`)
      return new Error(`told of ${reason.message}`)
    },
    signal: stop.signal,
    delays: { before: [0, 1, 2], well: 1e9 },
    ...changes,
  })
  /** Resolves when there are so many lines. */
  const lines = async (count: number): Promise<void> => {
    while (log.length < count) await new Promise<void>((resolve) => (wake = resolve))
  }
  return {
    log,
    lines,
    failures,
    running,
    die: (n: number, why: string) => deaths[n](new Error(why)),
    stop: () => stop.abort(),
  }
}

test('what has ended is closed, and only then started again; its waiters are told what `failed` says', async () => {
  const { log, lines, running, die, stop } = keeping()
  await lines(1)
  die(0, 'lost')
  await lines(4)
  expect(log).toEqual(['first', 'lost, 0', 'closed 0: told of lost', 'again'])
  stop()
  // It is left to who asked: running requests may go on.
  expect(await running).toBeDefined()
  expect(log.length).toBe(4)
})

test('an attempt that fails is followed by later ones, until none is left', async () => {
  const { log, lines, failures, running, die, stop } = keeping()
  await lines(1)
  failures.push(new Error('no adapter'), new Error('no memory'), new Error('no adapter'))
  die(0, 'lost')
  await lines(6)
  expect(log).toEqual([
    'first',
    'lost, 0',
    'closed 0: told of lost',
    'no adapter, 1',
    'no memory, 2',
    'no adapter, undefined',
  ])
  stop()
  expect(await running).toBeUndefined()
})

test('what dies again and again uses its attempts up, unless all was well in between', async () => {
  const { log, lines, running, die, stop } = keeping()
  for (let i = 0; i < 4; i++) {
    await lines(1 + 3 * i)
    die(i, `lost ${i}`)
  }
  await lines(12)
  expect(log.filter((line) => line.startsWith('lost'))).toEqual([
    'lost 0, 0',
    'lost 1, 1',
    'lost 2, 2',
    'lost 3, undefined',
  ])
  stop()
  expect(await running).toBeUndefined()

  const well = keeping({ delays: { before: [0, 1], well: 0 } })
  for (let i = 0; i < 4; i++) {
    await well.lines(1 + 3 * i)
    well.die(i, `lost ${i}`)
  }
  await well.lines(13)
  expect(well.log.filter((line) => line.startsWith('lost'))).toEqual([0, 1, 2, 3].map((i) => `lost ${i}, 0`))
  well.stop()
  await well.running
})

test('the first failure is for who started it, and the signal ends a wait', async () => {
  const first = keeping({ start: () => Promise.reject(new Error('no such model')) })
  await expect(first.running).rejects.toThrow('no such model')
  const { lines, running, die, stop } = keeping({ delays: { before: [1e9], well: 1e9 } })
  await lines(1)
  die(0, 'lost')
  await lines(3)
  stop()
  expect(await running).toBeUndefined()
})
