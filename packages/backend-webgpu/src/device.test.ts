import { goldenPath, openModel, rowError } from '@tramontane/conformance'
import { interpreter, reference, run, type Backend, type Program } from '@tramontane/core'
import { beforeAll, describe, expect, it } from 'vitest'
import { openDevice } from './device.ts'
import { Recorder } from './recorder.ts'
import { useSoftwareAdapter } from './software.fixture.ts'
import { opTable } from './table.ts'
import { webgpu } from './webgpu.ts'

beforeAll(() => useSoftwareAdapter())

async function load(backend: Backend, name: string): Promise<Program> {
  const { graph, weights, close } = await openModel(goldenPath(name))
  return backend.load(graph, weights).finally(() => close())
}

function feed(program: Program, length: number) {
  const tokens = Int32Array.from({ length }, (_, i) => (7 * i) % 50)
  return { sequence: program.open(500), tokens, logits: 'all' } as const
}

/** Counts the buffers of a device that are not destroyed. */
async function counted(): Promise<{
  readonly device: GPUDevice
  live(): number
  bytes(): number
  /** Destroyed or not. */
  made(): number
}> {
  const device = await openDevice()
  const create = device.createBuffer.bind(device)
  let [live, bytes, made] = [0, 0, 0]
  device.createBuffer = (descriptor) => {
    const buffer = create(descriptor)
    live++
    made++
    bytes += buffer.size
    const destroy = buffer.destroy.bind(buffer)
    buffer.destroy = () => {
      live--
      bytes -= buffer.size
      return destroy()
    }
    return buffer
  }
  return { device, live: () => live, bytes: () => bytes, made: () => made }
}

describe('buffers', () => {
  it('are all gone when a program is disposed, with sequences open, forked and grown over many pages', async () => {
    const { device, live } = await counted()
    const backend = await webgpu(device)
    const before = live()
    const program = await load(backend, 'tiny/full')
    const long = feed(program, 150)
    await run(program, [long, feed(program, 3)])
    const fork = long.sequence.fork()
    await run(program, [{ ...long, sequence: fork, tokens: Int32Array.of(1) }])
    fork.close()
    await program.dispose()
    expect(live()).toBe(before)
  })

  it('are no more after a hundred steps than after ten', async () => {
    const { device, live } = await counted()
    const program = await load(await webgpu(device), 'tiny/window')
    const { sequence } = feed(program, 1)
    const counts: number[] = []
    for (let step = 0; step < 100; step++) {
      await program.submit([{ sequence, tokens: Int32Array.of(step % 50), logits: 'last' }]).done
      counts.push(live())
    }
    expect(Math.max(...counts.slice(10))).toBe(counts[10])
    await program.dispose()
  })
})

it('pages of closed sequences serve the next ones', async () => {
  const { device, bytes } = await counted()
  const program = await load(await webgpu(device), 'tiny/full')
  const held: number[] = []
  for (let round = 0; round < 12; round++) {
    const { sequence, ...rest } = feed(program, 100)
    await run(program, [{ sequence, ...rest }])
    sequence.close()
    const next = feed(program, 1)
    await run(program, [next])
    next.sequence.close()
    held.push(bytes())
  }
  expect(held.at(-1)).toBe(held[3])
  await program.dispose()
})

it.each(['tiny/fp8', 'tiny/fp8-block', 'tiny/full'])(
  '%s: weights in many bindings give what they give in one',
  async (name) => {
    const recorder = await Recorder.on(await openDevice())
    const small = interpreter({
      name: 'webgpu',
      batchInvariant: false,
      open: (graph) => opTable(recorder, graph, 1000),
    })
    const [split, whole] = [await load(small, name), await load(reference(), name)]
    const [found, expected] = [await run(split, [feed(split, 9)]), await run(whole, [feed(whole, 9)])]
    expect(rowError(found.get('logits')!, expected.get('logits')!)).toBeLessThan(1e-5)
    await split.dispose()
  },
)

describe('errors', () => {
  it('a row that no binding holds names the weight', async () => {
    const recorder = await Recorder.on(await openDevice())
    const tiny = interpreter({ name: 'webgpu', batchInvariant: false, open: (graph) => opTable(recorder, graph, 20) })
    await expect(load(tiny, 'tiny/full')).rejects.toThrow(/weight "embedding.weight": a row of .* binds at most 20/)
  })

  it('no adapter, no device', async () => {
    const none = { requestAdapter: async () => null } as unknown as GPU
    await expect(openDevice(none)).rejects.toThrow(/expected an adapter, found none; install the driver/)
    const info = { vendor: 'acme', architecture: 'a1', description: '' }
    const adapter = { info, limits: {}, features: new Set(), requestDevice: () => Promise.reject(new Error('no')) }
    const gpu = { requestAdapter: async () => adapter } as unknown as GPU
    await expect(openDevice(gpu)).rejects.toThrow(/the adapter acme a1 gives no device: .*no/)
  })

  it('a kernel that does not compile is named with the adapter and what the compiler says, until it does', async () => {
    const device = await openDevice()
    const program = await load(await webgpu(device), 'tiny/full')
    const create = device.createShaderModule.bind(device)
    const broken = (from: string, to: string) => {
      device.createShaderModule = ({ label, code }) =>
        create({ label: label!, code: label === 'qkv' ? code.replace(from, to) : code })
    }
    const pattern = /the kernel "qkv" does not compile on the adapter google .*: line \d+:\d+: .*expected.*; update/i
    broken('fn main', 'fn\nmain = ')
    for (let i = 0; i < 2; i++) await expect(run(program, [feed(program, 3)])).rejects.toThrow(pattern)
    // What the compiler of shaders takes, but not that of pipelines.
    broken('fn main', 'fn another')
    await expect(run(program, [feed(program, 3)])).rejects.toThrow(/the kernel "qkv" does not compile .*main/i)
    device.createShaderModule = create
    await run(program, [feed(program, 3)])
    await program.dispose()
  })

  it('a lost device ends passes with what to do, and nothing hangs', async () => {
    const device = await openDevice()
    const program = await load(await webgpu(device), 'tiny/full')
    await run(program, [feed(program, 3)])
    const running = run(program, [feed(program, 30)])
    device.destroy()
    await running.catch(() => {})
    await expect(run(program, [feed(program, 3)])).rejects.toThrow(/the device is lost .*load the model again/)
    await program.dispose()
  })

  it('a pass for which something that stays is refused fails alone, with others behind it', async () => {
    const device = await openDevice()
    const program = await load(await webgpu(device), 'tiny/full')
    const create = device.createBindGroup.bind(device)
    device.createBindGroup = (descriptor) => {
      if (descriptor.label !== 'qkv') return create(descriptor)
      device.createBindGroup = create
      return create({ ...descriptor, entries: [] })
    }
    const feeds = [feed(program, 3), feed(program, 2), feed(program, 1)]
    const [first, ...others] = feeds.map((fed) => program.submit([fed], { choose: 'greedy', outputs: [] }))
    await expect(first.done).rejects.toThrow(/webgpu: .*entries/)
    await Promise.all(others.map(({ done }) => done))
    await program.dispose()
  })

  it('after a failure steps make no more buffers than before it', async () => {
    const { device, made } = await counted()
    const program = await load(await webgpu(device), 'tiny/full')
    const create = device.createBindGroup.bind(device)
    device.createBindGroup = (descriptor) => create({ ...descriptor, entries: [] })
    await expect(run(program, [feed(program, 1)])).rejects.toThrow(/webgpu: .*entries/)
    device.createBindGroup = create
    const { sequence } = feed(program, 1)
    const step = () => run(program, [{ sequence, tokens: Int32Array.of(1), logits: 'last' }])
    for (let i = 0; i < 3; i++) await step()
    const before = made()
    for (let i = 0; i < 3; i++) await step()
    expect(made()).toBe(before)
    await program.dispose()
  })

  it('a pass whose buffers the device refuses fails alone', async () => {
    const device = await openDevice()
    const program = await load(await webgpu(device), 'tiny/full')
    const other = feed(program, 3)
    await run(program, [other])
    const create = device.createBuffer.bind(device)
    // Refused as one too large would be: nothing can be mapped for both.
    const usage = GPUBufferUsage.MAP_READ | GPUBufferUsage.MAP_WRITE
    device.createBuffer = (descriptor) => create({ ...descriptor, usage })
    await expect(run(program, [feed(program, 300)])).rejects.toThrow(/webgpu: /)
    device.createBuffer = create
    await run(program, [{ ...other, tokens: Int32Array.of(1) }])
    // Buffers of the same sizes: none of those that are not there may be taken again.
    await run(program, [feed(program, 300)])
    await program.dispose()
  })
})
