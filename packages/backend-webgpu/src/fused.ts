import { withTokens, type Batch, type Choose, type Launched, type Values } from '@tramontane/core'
import { Model } from './model.ts'
import type { PagedCache, Pages } from './pages.ts'
import type { Pattern } from './pattern.ts'
import { pieceOf, type PassPiece } from './pieces.ts'
import { Plans } from './plans.ts'
import { lastRows, valuesOf, type Reading } from './readings.ts'
import { usageOf, type Piece, type Recorder } from './recorder.ts'
import { fewRows, mostRows } from './scratch.ts'
import type { Weight } from './weight.ts'

/** Passes whose drawn tokens are kept on the device: more than are ever under way. */
const drawnPasses = 8

/**
 * Whole passes of a Mistral model: few dispatches, prepared once; a token that one pass draws is read by the next one on the
 * device. Shares weights and pages with the table of ops.
 */
export class Fused {
  readonly #recorder: Recorder
  readonly #pattern: Pattern
  readonly #pages: Pages
  /** Tokens of passes that drew: [passes, 8]. */
  readonly #drawn: GPUBuffer
  /** Where those of a pass are, by feed. */
  readonly #drawnBy = new WeakMap<Launched, ReadonlyMap<number, number>>()
  #model: Model | null = null
  #plans: Plans | null = null
  #failures = 0
  #passes = 0

  constructor(recorder: Recorder, pattern: Pattern, pages: Pages) {
    this.#recorder = recorder
    this.#pattern = pattern
    this.#pages = pages
    const size = 4 * drawnPasses * fewRows
    this.#drawn = recorder.create((device) => device.createBuffer({ label: 'drawn', size, usage: usageOf() }))
  }

  /** undefined where something on the way is wanted or replaced. */
  async launch(given: Batch<PagedCache>, weights: ReadonlyMap<string, Weight>): Promise<Launched | undefined> {
    if (given.overrides.length > 0 || given.outputs.some((name) => name !== 'logits')) return undefined
    // Of drawn tokens, those are waited for that are not on the device either.
    const batch = await withTokens(given, ({ from }) => !this.#drawnBy.has(from))
    const readings: Reading[] = []
    const { created } = this.#recorder
    try {
      await this.#record(batch, weights, readings)
    } catch (error) {
      for (const { staged } of readings) staged.free()
      await this.#recorder.check().catch(() => {})
      throw error
    }
    const checked = this.#recorder.check()
    const launched = { values: this.#values(batch, readings, checked) }
    // Later passes use what this one has made: whether it is there is known before they are launched, as a rule at once.
    if (this.#recorder.created !== created) await checked.catch(() => {})
    if (batch.choose === 'greedy' && readings.length === 1) this.#keepDrawn(launched, readings[0])
    return launched
  }

  dispose(): void {
    this.#forget()
    this.#drawn.destroy()
  }

  async #record(batch: Batch<PagedCache>, weights: ReadonlyMap<string, Weight>, readings: Reading[]): Promise<void> {
    for (const { cache, start, from, to } of batch.spans) await cache.prepare(start, start + to - from)
    const T = batch.tokens.length
    let before: Promise<unknown> = Promise.resolve()
    for (let from = 0; from < T; from += mostRows) {
      batch.signal?.throwIfAborted()
      const piece = pieceOf(batch, from, Math.min(from + mostRows, T))
      const plans = await this.#plansFor(piece.to - from, weights)
      await plans.feed(piece)
      this.#feedDrawn(batch, piece, plans)
      plans.run(piece)
      readings.push(...this.#logits(batch, piece, plans))
      if (piece.to === T) return
      // A long pass can be stopped, and others get their turn on the device.
      this.#recorder.submit()
      await before
      before = this.#recorder.device.queue.onSubmittedWorkDone()
    }
  }

  async #plansFor(T: number, weights: ReadonlyMap<string, Weight>): Promise<Plans> {
    if (this.#recorder.failures !== this.#failures) this.#forget()
    this.#failures = this.#recorder.failures
    this.#model ??= new Model(this.#recorder, this.#pattern, weights)
    if (this.#plans !== null && this.#plans.scratch.rows >= T) return this.#plans
    this.#plans?.dispose()
    this.#plans = null
    const rows = T <= fewRows ? fewRows : 2 ** Math.ceil(Math.log2(T))
    return (this.#plans = await Plans.of(this.#recorder, this.#model, this.#pages, rows))
  }

  /** What was made before something failed may not be there. */
  #forget(): void {
    this.#plans?.dispose()
    this.#model?.dispose()
    this.#plans = this.#model = null
  }

  #feedDrawn({ drawn }: Batch<PagedCache>, { from, to }: PassPiece, { scratch }: Plans): void {
    for (const { row, from: pass, feed } of drawn) {
      if (row < from || row >= to) continue
      const at = this.#drawnBy.get(pass)!.get(feed)!
      this.#recorder.copy(this.#drawn, 4 * at, scratch.buffer('tokens'), 4 * (row - from), 4)
    }
  }

  /** Logits of the wanted rows of a piece, and what is to be found out about them. */
  #logits(batch: Batch<PagedCache>, { from, to }: PassPiece, plans: Plans): Reading[] {
    const { rows, outputs, choose } = batch
    const whole = outputs.includes('logits')
    const feeds = choose === undefined ? new Map<number, number>() : lastRows(batch.rowCounts)
    const wanted = [...rows.keys()].filter((r) => rows[r] >= from && rows[r] < to && (whole || feeds.has(r)))
    const readings: Reading[] = []
    for (let at = 0; at < wanted.length; at += fewRows) {
      const some = wanted.slice(at, at + fewRows)
      plans.logits(some.map((r) => rows[r] - from))
      const last = [...some.keys()].filter((i) => feeds.has(some[i]))
      const bytes = 4 * this.#pattern.sizes.V * some.length
      const pieces: Piece[] = whole ? [{ from: plans.scratch.buffer('logits'), bytes }] : []
      if (last.length > 0) pieces.push(this.#choose(choose!, last, plans))
      const of = last.map((i) => feeds.get(some[i])!)
      readings.push({ staged: this.#recorder.stage(pieces), rows: whole ? some : [], feeds: of })
    }
    return readings
  }

  #choose(choose: Choose, rows: readonly number[], { top }: Plans): Piece {
    const { buffer, offset, size } = choose === 'greedy' ? top.greedy(rows) : top.largest(rows, choose.topK)
    if (choose === 'greedy') this.#recorder.copy(buffer, offset, this.#drawn, 4 * this.#drawnAt, 4 * rows.length)
    return { from: buffer, offset, bytes: size }
  }

  /** Of the pass that is being launched. */
  get #drawnAt(): number {
    return fewRows * (this.#passes % drawnPasses)
  }

  #keepDrawn(launched: Launched, { feeds }: Reading): void {
    const first = this.#drawnAt
    this.#passes++
    this.#drawnBy.set(launched, new Map(feeds.map((feed, i) => [feed, first + i])))
  }

  async #values(batch: Batch<PagedCache>, readings: readonly Reading[], checked: Promise<void>): Promise<Values> {
    const read = Promise.all(readings.map(({ staged }) => staged.read()))
    read.catch(() => {}) // What has failed before says more.
    await checked
    if (readings.length === 0) await this.#recorder.device.queue.onSubmittedWorkDone()
    return valuesOf(batch, readings, await read, this.#pattern.sizes.V)
  }
}
