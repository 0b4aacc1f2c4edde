import type { Attend } from './attend.ts'
import type { Joint, Model, ModelLayer, Norm } from './model.ts'
import type { Pages } from './pages.ts'
import { float, groupsFor, type Prepared, type Recorder } from './recorder.ts'
import { fewRows, type Scratch } from './scratch.ts'
import type { KernelName } from './shaders.ts'

/** Invocations of a workgroup after `products.wgsl`. */
const invocations = 128

/** What kernels are told of the rows of a pass, up to 8. */
export interface Rows {
  /** Which rows of x they are [8]. */
  readonly x: readonly number[]
  /** Where their keys and values go [8]. */
  readonly slots: readonly number[]
  readonly count: number
}

/** Row t of x is row t. */
export const ownRows: readonly number[] = Array.from({ length: fewRows }, (_, t) => t)

/** A kernel after `products.wgsl`, ready for any pass. */
interface Step {
  readonly prepared: Prepared
  readonly grid: [number, number]
  /** Those between the number of rows and the rows. */
  readonly params: readonly number[]
}

/**
 * A pass of up to 8 rows, whatever sequences they are of: at most six dispatches a layer, each weight read once. All is made
 * beforehand, for `tile` rows; it holds as long as its buffers are there.
 */
export class FewRows {
  readonly #recorder: Recorder
  readonly #attend: Attend
  readonly #scratch: Scratch
  readonly #pages: Pages
  readonly #tile: number
  readonly #layers: readonly { readonly node: string; readonly before: Step; readonly after: readonly Step[] }[]
  readonly #logits: readonly Step[]
  readonly #model: Model

  constructor(recorder: Recorder, model: Model, scratch: Scratch, pages: Pages, attend: Attend, tile: number) {
    this.#recorder = recorder
    this.#model = model
    this.#attend = attend
    this.#scratch = scratch
    this.#pages = pages
    this.#tile = tile
    this.#layers = model.layers.map((layer) => this.#layer(layer))
    const { V } = model.pattern.sizes
    this.#logits = this.#project('x', model.logits, 'logits', V, scratch.stride.D, model.norm)
  }

  /** x [T, D] through all layers. */
  run(rows: Rows): void {
    for (const { node, before, after } of this.#layers) {
      this.#run(before, rows)
      this.#attend.run(node)
      for (const step of after) this.#run(step, rows)
    }
  }

  /** Rows of x → logits [count, V]. */
  logits(rows: Rows): void {
    for (const step of this.#logits) this.#run(step, rows)
  }

  #run({ prepared, params, grid }: Step, { x, slots, count }: Rows): void {
    this.#recorder.run(prepared, [count, ...params, ...x, ...slots], grid)
  }

  #layer({ attention, norm, qkv, output, mlpNorm, gateUp, down }: ModelLayer) {
    const { sizes } = this.#model.pattern
    const { stride } = this.#scratch
    const { H, G, d, F } = sizes
    const { keys, values, constants } = this.#pages.storeOf(attention)
    const buffer = (name: Parameters<Scratch['buffer']>[0]): GPUBuffer => this.#scratch.buffer(name)
    const before = this.#step(
      'qkv',
      [keys, values, buffer('x'), qkv.parts[0].buffer, qkv.vectors, norm.weight, buffer('query'), buffer('angles')],
      qkv,
      { blocks: (H + 2 * G) * Math.ceil(d / 8), yStride: stride.query, xStride: stride.D, norm },
      { ...constants, heads: H },
    )
    const middle = this.#step(
      'gate_up',
      [buffer('x'), gateUp.parts[0].buffer, gateUp.vectors, mlpNorm.weight, buffer('hidden')],
      gateUp,
      { blocks: Math.ceil(F / 4), yStride: stride.F, xStride: stride.D, norm: mlpNorm },
    )
    return {
      node: attention,
      before,
      after: [
        ...this.#project('mixed', output, 'x', stride.D, stride.query, null),
        middle,
        ...this.#project('hidden', down, 'x', stride.D, stride.F, null),
      ],
    }
  }

  /** One linear: from a norm to y, or without one added to y. */
  #project(
    from: 'x' | 'mixed' | 'hidden',
    linear: Joint,
    to: 'x' | 'logits',
    yStride: number,
    xStride: number,
    norm: Norm | null,
  ): Step[] {
    return linear.parts.map(({ buffer, first, rows }) =>
      this.#step(
        'project',
        [this.#scratch.buffer(from), buffer, linear.vectors, norm?.weight ?? linear.vectors, this.#scratch.buffer(to)],
        linear,
        { blocks: Math.ceil(rows / 8), yStride, xStride, norm, first, rows },
        { residual: norm === null },
      ),
    )
  }

  #step(
    kernel: KernelName,
    buffers: readonly GPUBuffer[],
    { N, K, loads, biasAt, format, scales }: Joint,
    shape: {
      readonly blocks: number
      readonly yStride: number
      readonly xStride: number
      readonly norm: Norm | null
      readonly first?: number
      readonly rows?: number
    },
    more: Readonly<Record<string, number | boolean>> = {},
  ): Step {
    const { blocks, yStride, xStride, norm, first = 0, rows = N } = shape
    const lanes = lanesOf(loads, this.#recorder.device)
    const { grid, across } = groupsFor(blocks, invocations / lanes)
    const prepared = this.#recorder.prepare({
      kernel,
      constants: {
        format,
        block_scales: scales === 'blocks',
        ...more,
        normed: norm !== null,
        tile: this.#tile,
        lanes,
        invocations,
      },
      buffers,
    })
    const epsilon = float(norm?.epsilon ?? 0)
    const rowScales = Number(scales === 'rows')
    const shapes = [K, xStride, loads, biasAt, N / 2, rowScales]
    // An array in a uniform begins at a multiple of 16 bytes.
    const params = [first, rows, blocks, across, yStride, epsilon, ...shapes, 0, 0, 0]
    return { prepared, grid, params }
  }
}

/**
 * So many sum up a row: enough rows are under way at once, and each invocation still reads several loads. A software adapter,
 * whose subgroups are small, takes no more than one of these.
 */
function lanesOf(loads: number, { adapterInfo, features }: GPUDevice): number {
  const subgroup = features.has('subgroups') ? (adapterInfo.subgroupMinSize ?? 32) : 32
  const most = subgroup < 16 ? subgroup : 128
  return Math.max(4, Math.min(most, 2 ** Math.floor(Math.log2(Math.max(1, loads / 4)))))
}
