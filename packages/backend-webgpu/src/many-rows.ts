import type { Attend } from './attend.ts'
import { matmul, tileFor, type Tile } from './matmul.ts'
import type { Joint, Model, ModelLayer, Norm } from './model.ts'
import type { Pages } from './pages.ts'
import { float, groupsFor, type Recorder } from './recorder.ts'
import type { Scratch } from './scratch.ts'

/** Invocations of `rms_norm.wgsl` for a row. */
export const normLanes = 64

type Run = (T: number) => void

/**
 * A pass of many rows: products by tiles, in which a weight is decoded once for all rows of the tile, and what lies between in
 * kernels of its own. All is made beforehand, for passes of which `tileFor` is the same.
 */
export class ManyRows {
  readonly #recorder: Recorder
  readonly #model: Model
  readonly #scratch: Scratch
  readonly #pages: Pages
  readonly #attend: Attend
  readonly #tile: Tile
  readonly #layers: readonly Run[]

  constructor(recorder: Recorder, model: Model, scratch: Scratch, pages: Pages, attend: Attend, T: number) {
    this.#recorder = recorder
    this.#model = model
    this.#scratch = scratch
    this.#pages = pages
    this.#attend = attend
    this.#tile = tileFor(T)
    this.#layers = model.layers.map((layer) => this.#layer(layer))
  }

  /** x [T, D] through all layers. */
  run(T: number): void {
    for (const layer of this.#layers) layer(T)
  }

  #layer({ attention, norm, qkv, output, mlpNorm, gateUp, down }: ModelLayer): Run {
    const { stride } = this.#scratch
    const steps = [
      this.#norm(norm),
      this.#linear('normed', stride.D, qkv, 'wide', stride.wide),
      this.#ropeAppend(attention),
      () => this.#attend.run(attention),
      this.#linear('mixed', stride.query, output, 'x', stride.D),
      this.#norm(mlpNorm),
      this.#linear('normed', stride.D, gateUp, 'wide', stride.wide),
      this.#siluMul(),
      this.#linear('hidden', stride.F, down, 'x', stride.D),
    ]
    return (T) => {
      for (const step of steps) step(T)
    }
  }

  /** x → normed. */
  #norm({ weight, epsilon }: Norm): Run {
    const prepared = this.#recorder.prepare({
      kernel: 'rms_norm',
      constants: { lanes: normLanes },
      buffers: [this.#buffer('x'), weight, this.#buffer('normed')],
    })
    const params = [this.#model.pattern.sizes.D, float(epsilon), this.#scratch.stride.D]
    return (T) => this.#recorder.run(prepared, params, [T])
  }

  /** To `x` it is added. */
  #linear(
    from: Parameters<Scratch['buffer']>[0],
    xStride: number,
    { N, K, loads, parts, vectors, biasAt, segments, format, scales }: Joint,
    to: Parameters<Scratch['buffer']>[0],
    yStride: number,
  ): Run {
    const prepared = this.#recorder.prepare({
      kernel: 'matmul',
      constants: { format, tile: this.#tile },
      buffers: [this.#buffer(from), parts[0].buffer, vectors, this.#buffer(to)],
    })
    const scaled = scales === 'blocks' ? ({ of: scales, at: 0, segments } as const) : ({ of: 'rows', at: 0 } as const)
    return (T) => {
      const { params, grid } = matmul(
        {
          ...{ T, K, N, rowVecs: loads, xStride, yStride, residual: to === 'x' },
          ...(scales !== 'none' && { scales: scaled }),
          ...(biasAt > 0 && { biasAt }),
        },
        this.#tile,
      )
      this.#recorder.run(prepared, params, grid)
    }
  }

  /** wide → query, and the pages. */
  #ropeAppend(attention: string): Run {
    const { H, G, d } = this.#model.pattern.sizes
    const { keys, values, constants } = this.#pages.storeOf(attention)
    const { stride } = this.#scratch
    const inputs = [this.#buffer('wide'), this.#buffer('angles'), this.#attend.work]
    const prepared = this.#recorder.prepare({
      kernel: 'rope_append',
      constants,
      buffers: [keys, values, ...inputs, this.#buffer('query')],
    })
    return (T) => {
      const { grid, across } = groupsFor(T * (H + 2 * G) * Math.ceil(d / 4))
      this.#recorder.run(prepared, [T, H, stride.wide, stride.query, across], grid)
    }
  }

  /** wide → hidden. */
  #siluMul(): Run {
    const { F } = this.#model.pattern.sizes
    const { stride } = this.#scratch
    const prepared = this.#recorder.prepare({
      kernel: 'silu_mul',
      buffers: [this.#buffer('wide'), this.#buffer('hidden')],
    })
    return (T) => {
      const { grid, across } = groupsFor(T * F, 256)
      this.#recorder.run(prepared, [T, F, stride.wide, stride.F, across], grid)
    }
  }

  #buffer(name: Parameters<Scratch['buffer']>[0]): GPUBuffer {
    return this.#scratch.buffer(name)
  }
}
