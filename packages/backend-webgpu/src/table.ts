import { decode, elements, tensor, type Angles, type Graph, type OpTable } from '@tramontane/core'
import { attention, type Value } from './attention.ts'
import { bindingLimit } from './device.ts'
import { Fused } from './fused.ts'
import { patternOf } from './pattern.ts'
import { placesOf } from './stacks.ts'
import { Buffers } from './buffers.ts'
import { elementBytes, PagedCache, Pages, shapesOf, type Element } from './pages.ts'
import { normLanes } from './many-rows.ts'
import { float, groupsFor, type Recorder } from './recorder.ts'
import { freeWeight, placeFloats, placeMatrix, type Weight } from './weight.ts'

/** Invocations of a workgroup of `linear.wgsl`, and rows of x that it takes of a prompt. */
const [group, tile] = [64, 8]

/** So many sum up one number, each eight times four terms or more: a subgroup, where the device tells how large that is. */
function lanesFor(K: number, { adapterInfo, features }: GPUDevice): number {
  const subgroup = features.has('subgroups') ? Math.min(32, adapterInfo.subgroupMinSize ?? 32) : 32
  return Math.max(4, Math.min(subgroup, 2 ** Math.floor(Math.log2(Math.max(1, K / 32)))))
}

/** The eight ops, one or a few dispatches each, for one graph: any node can be read and replaced. */
export function opTable(
  recorder: Recorder,
  graph: Graph,
  limit = bindingLimit(recorder.device),
  element: Element = 'F32',
): OpTable<Value, Weight, PagedCache> {
  const buffers = new Buffers(recorder)
  const matrices = new Set(
    graph.nodes.flatMap((node) => (node.op === 'linear' ? [node.weight] : node.op === 'gather' ? [node.table] : [])),
  )
  const pages = new Pages(recorder, shapesOf(graph), element)
  // Sines and cosines on the device: all layers of a pass have the same, and no later pass.
  const angles = new Map<Float64Array, GPUBuffer>()
  const forgetAngles = (): void => {
    for (const buffer of angles.values()) buffers.release(buffer)
    angles.clear()
  }
  const pattern = patternOf(graph)
  // Halves are kept in quads, which must not lie across the two halves of a head.
  const whole = pattern && (element === 'F32' || pattern.sizes.d % 8 === 0) ? pattern : undefined
  const places = whole && placesOf(graph, whole, limit)
  const fused = whole && places && new Fused(recorder, whole, pages)
  const make = (rows: number, width: number): Value => ({
    buffer: buffers.take(4 * rows * width),
    shape: [rows, width],
  })
  const upload = (values: Float32Array | Uint32Array): GPUBuffer => {
    const buffer = buffers.take(values.byteLength)
    recorder.write(buffer, values)
    return buffer
  }
  const pad = (x: Value, width: number): Value => {
    const [T, K] = x.shape
    const y = make(T, width)
    const { grid, across } = groupsFor(T * width)
    recorder.dispatch({ kernel: 'pad', buffers: [x.buffer, y.buffer], params: [T, K, width, across], grid })
    return y
  }
  const pointwise = (op: number, a: Value, b: Value): Value => {
    const y = make(...a.shape)
    const { grid, across } = groupsFor(elements(a.shape))
    const params = [elements(a.shape), across]
    recorder.dispatch({ kernel: 'pointwise', constants: { op }, buffers: [a.buffer, b.buffer, y.buffer], params, grid })
    return y
  }
  return {
    name: 'webgpu',
    batchInvariant: false,
    weight: (value, name) =>
      matrices.has(name)
        ? placeMatrix(recorder, name, value, limit, places?.get(name))
        : placeFloats(recorder, name, value),
    freeWeight,
    weightBytes: ({ bytes }) => bytes,
    upload: (value) => ({ buffer: upload(Float32Array.from(decode(value))), shape: [value.shape[0], value.shape[1]] }),
    download: async ({ buffer, shape }) => tensor('F32', [...shape], await recorder.read(buffer, 4 * elements(shape))),
    free: ({ buffer }) => buffers.release(buffer),
    bytes: ({ shape }) => 4 * elements(shape),
    cache: () => new PagedCache(pages),
    cacheBytes: (cache) => cache.bytes,
    cacheElement: elementBytes[element],
    settle() {
      forgetAngles()
      return recorder.check()
    },
    ...(fused && { whole: (batch, weights) => fused.launch(batch, weights) }),
    dispose() {
      forgetAngles()
      recorder.submit()
      fused?.dispose()
      pages.dispose()
      buffers.dispose()
      recorder.trim()
    },
    lookup(ids, table) {
      const [, D] = table.shape
      const y = make(ids.length, D)
      const rows = upload(Uint32Array.from(ids))
      const { grid, across } = groupsFor(ids.length * Math.ceil(D / 4))
      for (const { buffer, first, rows: count } of table.parts) {
        const params = [ids.length, D, table.width, D, first, count, across]
        recorder.dispatch({
          kernel: 'lookup',
          constants: { format: table.format },
          buffers: [rows, buffer, y.buffer],
          params,
          grid,
        })
      }
      buffers.release(rows)
      return y
    },
    gather(ids, x) {
      const y = make(ids.length, x.shape[1])
      const rows = upload(Uint32Array.from(ids))
      const { grid, across } = groupsFor(elements(y.shape))
      const params = [ids.length, x.shape[1], across]
      recorder.dispatch({ kernel: 'gather', buffers: [rows, x.buffer, y.buffer], params, grid })
      buffers.release(rows)
      return y
    },
    rmsNorm(x, weight, epsilon) {
      const y = make(...x.shape)
      const params = [x.shape[1], float(epsilon), x.shape[1]]
      recorder.dispatch({
        kernel: 'rms_norm',
        constants: { lanes: normLanes },
        buffers: [x.buffer, weight.floats!, y.buffer],
        params,
        grid: [x.shape[0]],
      })
      return y
    },
    linear(x, weight, scale, bias) {
      const {
        shape: [N, K],
        parts,
        width,
      } = weight
      const T = x.shape[0]
      const y = make(T, N)
      const input = width === K ? x : pad(x, width)
      const kind = scale === null ? 0 : scale.shape.length === 2 ? 3 : scale.shape[0] === 1 ? 1 : 2
      const lanes = lanesFor(width, recorder.device)
      const constants = {
        format: weight.format,
        scale_kind: kind,
        has_bias: bias !== null,
        tile: T === 1 ? 1 : tile,
        lanes,
      }
      for (const { buffer, above, first, rows } of parts) {
        const groups = groupsFor(rows, group / lanes)
        recorder.dispatch({
          kernel: 'linear',
          constants,
          buffers: [input.buffer, buffer, scale?.floats ?? x.buffer, bias?.floats ?? x.buffer, y.buffer],
          params: [T, width, N, above, first, rows, groups.across],
          grid: [...groups.grid, Math.ceil(T / (T === 1 ? 1 : tile))],
        })
      }
      if (input !== x) buffers.release(input.buffer)
      return y
    },
    rope(x, heads, { cos, sin }: Angles) {
      const [T, width] = x.shape
      const half = width / heads / 2
      const onDevice = (values: Float64Array): GPUBuffer => {
        if (!angles.has(values)) angles.set(values, upload(Float32Array.from(values)))
        return angles.get(values)!
      }
      const tables = [onDevice(cos), onDevice(sin)]
      const y = make(T, width)
      const { grid, across } = groupsFor(T * heads * half)
      const params = [T, heads, half, across]
      recorder.dispatch({ kernel: 'rope', buffers: [x.buffer, ...tables, y.buffer], params, grid })
      return y
    },
    attention: (node, inputs, spans, pattern, breathe) =>
      attention({ recorder, buffers, pages }, node, inputs, spans, pattern, breathe),
    silu: (x) => pointwise(0, x, x),
    mul: (a, b) => pointwise(1, a, b),
    add: (a, b) => pointwise(2, a, b),
  }
}
