import { interpreter, run, tensor, type Graph } from '@tramontane/core'
import { readFileSync } from 'node:fs'
import { beforeAll, describe, expect, it } from 'vitest'
import { half, uniform } from './attention.fixture.ts'
import { openDevice } from './device.ts'
import { elementVariants, Pages, type Element } from './pages.ts'
import { groupsFor, Recorder, usageOf } from './recorder.ts'
import { useSoftwareAdapter } from './software.fixture.ts'
import { opTable } from './table.ts'

let device: GPUDevice
beforeAll(async () => {
  useSoftwareAdapter()
  device = await openDevice()
})

/** Bits of a float16 that is normal or zero. */
function halfBits(x: number): number {
  if (x === 0) return 0
  const exponent = Math.floor(Math.log2(Math.abs(x)))
  return (x < 0 ? 0x8000 : 0) + 1024 * (exponent + 15) + (Math.abs(x) / 2 ** exponent - 1) * 1024
}

/** What lies where in a store of some pages of G heads of d numbers: [place of a number, its page, head, position, c]. */
function* places(side: 'keys' | 'values', pages: number, G: number, d: number) {
  const quads = Math.ceil(d / 4)
  for (let page = 0; page < pages; page++) {
    for (let g = 0; g < G; g++) {
      for (let at = 0; at < 64; at++) {
        for (let c = 0; c < d; c++) {
          const quad = Math.floor(c / 4)
          const inHead = side === 'keys' ? quad * 64 + at : at * quads + quad
          yield [4 * ((page * G + g) * 64 * quads + inHead) + (c % 4), page, g, at, c] as const
        }
      }
    }
  }
}

async function bytesOf(recorder: Recorder, buffer: GPUBuffer): Promise<ArrayBuffer> {
  return (await recorder.read(buffer, buffer.size)).buffer as ArrayBuffer
}

describe.each(['F32', 'F16'] as const)('pages in %s', (element) => {
  it.each([
    [2, 10],
    [3, 64],
  ])('hold keys and values of %i heads of %i numbers where pages.wgsl says, and zeros behind', async (G, d) => {
    const recorder = await Recorder.on(device, elementVariants[element])
    const pages = new Pages(recorder, new Map([['node', { kvHeads: G, headSize: d }]]), element)
    await pages.take()
    const { keys, values, constants } = pages.storeOf('node')
    const random = uniform(d)
    const make = (data: Float32Array | Uint32Array): GPUBuffer => {
      const buffer = device.createBuffer({ size: data.byteLength, usage: usageOf() })
      recorder.write(buffer, data)
      return buffer
    }
    // Rows 2 … 71 of 75 stand at positions 50 … 119, of pages 3 and 1; the first numbers are beyond what a half can be.
    const [T, from, count, start, table] = [75, 2, 70, 50, [3, 1]]
    const [key, value] = [0, 1].map(() => Float32Array.from({ length: T * G * d }, () => half(4 * random())))
    key[from * G * d] = 1e6
    value[from * G * d + 1] = -1e6
    const { grid, across } = groupsFor(count * G * Math.ceil(d / 4))
    recorder.dispatch({
      kernel: 'append',
      constants,
      buffers: [keys, values, make(key), make(value), make(Uint32Array.from(table))],
      params: [from, count, start, across],
      grid,
    })
    for (const [side, buffer, x] of [
      ['keys', keys, key],
      ['values', values, value],
    ] as const) {
      const raw = await bytesOf(recorder, buffer)
      const found = element === 'F16' ? new Uint16Array(raw) : new Float32Array(raw)
      const expected = new Array<number>(found.length).fill(0)
      for (const [at, page, g, slot, c] of places(side, 4, G, d)) {
        const position = 64 * table.indexOf(page) + slot
        if (!table.includes(page) || position < start || position >= start + count) continue
        const number = x[(from + position - start) * G * d + g * d + c]
        const most = Math.max(-65504, Math.min(65504, number))
        expected[at] = element === 'F16' ? halfBits(most) : number
      }
      expect(Array.from(found)).toEqual(expected)
    }
    pages.dispose()
  })
})

it('half as many bytes in float16', async () => {
  const recorder = await Recorder.on(device)
  const bytes = (element: Element): number =>
    new Pages(recorder, new Map([['node', { kvHeads: 2, headSize: 10 }]]), element).pageBytes
  expect([bytes('F32'), bytes('F16')]).toEqual([2 * 64 * 2 * 12 * 4, 2 * 64 * 2 * 12 * 2])
})

it('parts of quads are kept in float32, whatever their neighbours', async () => {
  const [G, d] = [2, 10]
  const text = (name: string): string => readFileSync(new URL(`../wgsl/${name}.wgsl`, import.meta.url), 'utf8')
  // Each invocation has 4 numbers, or what is left of them, of a half of a head: as the rotation of halves has them.
  const main = `@compute @workgroup_size(8) fn main(@builtin(local_invocation_index) i: u32) {
    let c = 5u * ((i / 2u) % 2u) + 4u * (i % 2u);
    let x = vec4<f32>(vec4(c) + vec4(1u, 2u, 3u, 4u)) + f32(100u * (i / 4u));
    keep_key(70u, i / 4u, c, x, select(4u, 1u, i % 2u == 1u));
    keep_value(70u, i / 4u, c, -x, select(4u, 1u, i % 2u == 1u));
  }`
  const pipeline = device.createComputePipeline({
    layout: 'auto',
    compute: {
      module: device.createShaderModule({ code: [text('pages'), text('keep'), main].join('\n') }),
      constants: { kv_heads: G, head_size: d },
    },
  })
  const recorder = await Recorder.on(device)
  const stores = await recorder.allocate([0, 1].map(() => 2 * 64 * G * 12 * 4))
  const encoder = device.createCommandEncoder()
  const pass = encoder.beginComputePass()
  pass.setPipeline(pipeline)
  const entries = stores.map((buffer, i) => ({ binding: i + 1, resource: { buffer } }))
  pass.setBindGroup(0, device.createBindGroup({ layout: pipeline.getBindGroupLayout(0), entries }))
  pass.dispatchWorkgroups(1)
  pass.end()
  device.queue.submit([encoder.finish()])
  for (const [i, side] of (['keys', 'values'] as const).entries()) {
    const found = new Float32Array(await bytesOf(recorder, stores[i]))
    const expected = new Array<number>(found.length).fill(0)
    for (const [at, page, g, slot, c] of places(side, 2, G, d)) {
      if (page === 1 && slot === 6) expected[at] = (c + 1 + 100 * g) * (side === 'keys' ? 1 : -1)
    }
    expect(Array.from(found)).toEqual(expected)
  }
})

// Keys and values that are halves already lose nothing.
it('one op after another, attention over halves is that over floats, bit for bit', async () => {
  const [V, heads, kvHeads, d] = [50, 4, 2, 10]
  const random = uniform(3)
  const widths = { query: heads * d, key: kvHeads * d, value: kvHeads * d }
  const weights = Object.fromEntries(
    Object.entries(widths).map(([name, width]) => {
      const data = Uint16Array.from({ length: V * width }, () => halfBits(half(2 * random())))
      return [`${name}s`, tensor('F16', [V, width], data)]
    }),
  )
  const graph: Graph = {
    weights,
    nodes: [
      ...Object.keys(widths).map((name) => ({
        name,
        op: 'gather' as const,
        rows: 'tokens' as const,
        table: `${name}s`,
      })),
      { name: 'logits', op: 'attention', query: 'query', key: 'key', value: 'value', heads, kvHeads, window: null },
    ],
  }
  const found = []
  for (const element of ['F32', 'F16'] as const) {
    const recorder = await Recorder.on(device, elementVariants[element])
    const open = (given: Graph) => opTable(recorder, given, undefined, element)
    const source = { specs: new Map(Object.entries(weights)), read: async (name: string) => weights[name] }
    const program = await interpreter({ name: 'webgpu', batchInvariant: false, open }).load(graph, source)
    const sequence = program.open(200)
    const tokens = Int32Array.from({ length: 90 }, (_, i) => (7 * i) % V)
    const values = await run(program, [{ sequence, tokens, logits: 'all' }])
    found.push({ logits: values.get('logits')!.data, cache: program.usage().cache })
    await program.dispose()
  }
  expect(found[1].logits).toEqual(found[0].logits)
  expect(found[1].cache).toBe(found[0].cache / 2)
})

it('a page that was to be a copy is free again where there is no memory to copy by', async () => {
  const recorder = await Recorder.on(device)
  const pages = new Pages(recorder, new Map([['node', { kvHeads: 1, headSize: 4 }]]))
  const page = await pages.take()
  const create = device.createBuffer.bind(device)
  const usage = GPUBufferUsage.MAP_READ | GPUBufferUsage.MAP_WRITE
  device.createBuffer = (descriptor) => create({ ...descriptor, usage })
  await expect(pages.copyOf(page)).rejects.toThrow('webgpu: ')
  device.createBuffer = create
  // The first four pages are made together: three are left.
  const { version } = pages
  for (let i = 0; i < 3; i++) await pages.take()
  expect(pages.version).toBe(version)
  pages.dispose()
})

it('pages end with the largest binding, which the error says; one that is let go serves again', async () => {
  const small = await openDevice()
  // Of five pages of 64 positions of one head of four numbers.
  const bytes = 5 * 64 * 4 * 4
  Object.defineProperty(small, 'limits', { value: { maxStorageBufferBindingSize: bytes, maxBufferSize: bytes } })
  const pages = new Pages(await Recorder.on(small), new Map([['attention', { kvHeads: 1, headSize: 4 }]]))
  const taken: number[] = []
  for (let i = 0; i < 5; i++) taken.push(await pages.take())
  expect(new Set(taken).size).toBe(5)
  await expect(pages.take()).rejects.toThrow(/320 tokens fill the largest binding of this device \(5120 bytes\)/)
  pages.release(taken[2])
  expect(await pages.take()).toBe(taken[2])
  pages.dispose()
  small.destroy()
})
