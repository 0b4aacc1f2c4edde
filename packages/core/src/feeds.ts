import type { ActivationLookup } from './activation-lookup.ts'
import type { Drawn, Feed, Override, SubmitOptions } from './backend.ts'
import { InputError } from './errors.ts'
import type { Graph } from './graph.ts'
import type { Cache } from './cache.ts'
import { mostCandidates } from './sample.ts'
import { type CachedSequence } from './sequence.ts'
import type { Columns } from './shapes.ts'
import { elements, type Tensor } from './tensor.ts'

/** A feed that was checked against the model, with its place in the pass. */
export interface Placed<C extends Cache> {
  readonly sequence: CachedSequence<C>
  readonly tokens: Int32Array | Drawn
  /** Number of tokens. */
  readonly T: number
  /** Position of its first token, and its rows `[from, from + T)` in the pass. */
  readonly start: number
  readonly from: number
  /** Rows of the pass whose logits are wanted. */
  readonly rows: Int32Array
}

/** Checks feeds and places them one after another. Throws InputError for the first that cannot be run. */
export function place<C extends Cache>(
  feeds: readonly Feed[],
  vocabulary: number,
  owned: ReadonlySet<CachedSequence<C>>,
): Placed<C>[] {
  if (feeds.length === 0) throw new InputError('submit: expected at least one feed, found none')
  const seen = new Set<object>()
  let from = 0
  return feeds.map(({ sequence, tokens, logits }, index) => {
    const where = `feed ${index}`
    const cached = sequence as CachedSequence<C>
    if (cached.isOpen === false) throw new InputError(`${where}: the sequence is closed`)
    if (!owned.has(cached)) throw new InputError(`${where}: the sequence was not opened by this program`)
    if (seen.has(cached)) throw new InputError(`${where}: the sequence is fed twice in one pass`)
    seen.add(cached)
    checkHealth(cached, where)
    const T = tokens instanceof Int32Array ? checkTokens(tokens, vocabulary, where) : checkDrawn(tokens, where)
    if (cached.length + T > cached.capacity) {
      throw new InputError(`${where}: ${cached.length} tokens and ${T} more exceed the capacity of ${cached.capacity}`)
    }
    const rows = wantedRows(logits, T, where).map((row) => row + from)
    // A copy: the caller may fill the same array again before the pass runs.
    const own = tokens instanceof Int32Array ? tokens.slice() : tokens
    const placed = { sequence: cached, tokens: own, T, start: cached.length, from, rows }
    from += T
    return placed
  })
}

function checkHealth<C extends Cache>(sequence: CachedSequence<C>, where: string): void {
  const failure = sequence.standingFailure
  if (failure === undefined) return
  throw new InputError(`${where}: an earlier pass failed (${message(failure)}); truncate to before it`)
}

function message(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

function checkTokens(tokens: Int32Array, vocabulary: number, where: string): number {
  if (tokens.length === 0) throw new InputError(`${where}: expected at least one token, found none`)
  const bad = tokens.findIndex((id) => id < 0 || id >= vocabulary)
  if (bad < 0) return tokens.length
  throw new InputError(`${where}: token ${bad} is ${tokens[bad]}, outside the vocabulary of ${vocabulary}`)
}

/** A list of numbers must not pass for a token that was drawn: that of none would be 0. */
function checkDrawn(tokens: Drawn, where: string): number {
  if (tokens?.token !== undefined) return 1
  throw new InputError(`${where}: expected tokens as an Int32Array or one that a pass drew, found something else`)
}

function isWithin(row: number, rows: number): boolean {
  return Number.isInteger(row) && row >= 0 && row < rows
}

function wantedRows(logits: Feed['logits'], T: number, where: string): Int32Array {
  if (logits === 'none') return new Int32Array(0)
  if (logits === 'last') return Int32Array.of(T - 1)
  if (logits === 'all') return Int32Array.from({ length: T }, (_, t) => t)
  const bad = logits.find((t) => !isWithin(t, T))
  if (bad === undefined) return logits
  throw new InputError(`${where}: logits of token ${bad} are wanted, but ${T} tokens are fed`)
}

/** What `read` may be asked for besides nodes: the pattern of an attention node. Undefined for any other name. */
export function patternOf(graph: Graph, name: string): string | undefined {
  const node = name.endsWith('.pattern') ? name.slice(0, -'.pattern'.length) : undefined
  return graph.nodes.some((n) => n.op === 'attention' && n.name === node) ? node : undefined
}

/** What is checked feeds and options against. */
export interface Known {
  readonly columns: Columns
  /** Nodes with one row for each wanted logit. */
  readonly rowwise: ReadonlySet<string>
}

/**
 * The options with every activation under our own name, and overrides that the caller cannot change afterwards.
 * Throws InputError for a name that is none, and for an override of a pattern.
 */
export function nameOptions(options: SubmitOptions, lookup: ActivationLookup): SubmitOptions {
  const { outputs, overrides, ...others } = options
  const names = outputs?.map((name) => lookup.find(name, 'output').name)
  return {
    ...others,
    ...(names && { outputs: names }),
    ...(overrides && { overrides: overrides.map((override) => nameOverride(override, lookup)) }),
  }
}

function nameOverride({ node, rows, value }: Override, lookup: ActivationLookup): Override {
  const { name, overridable } = lookup.find(node, 'override')
  if (!overridable) {
    const attention = name.slice(0, -'.pattern'.length)
    throw new InputError(`override "${node}": a pattern can be read, not replaced; replace "${attention}"`)
  }
  if (value.data.length !== elements(value.shape)) {
    const shape = `[${value.shape.join(', ')}]`
    throw new InputError(
      `override "${node}": value ${shape} has ${value.data.length} elements of ${elements(value.shape)}`,
    )
  }
  const copy = { ...value, data: value.data.slice() } as Tensor
  return { node: name, value: copy, ...(rows && { rows: rows.slice() }) }
}

/** Checks `choose`, and overrides. Throws InputError naming the node. */
export function checkOptions(options: SubmitOptions, known: Known, placed: readonly Placed<Cache>[]): void {
  if (typeof options.choose === 'object') checkTopK(options.choose)
  for (const override of options.overrides ?? []) checkOverride(override, known, placed)
}

function checkTopK({ topK }: { readonly topK: number }): void {
  if (Number.isInteger(topK) && topK >= 1 && topK <= mostCandidates) return
  throw new InputError(`choose: topK is ${topK}, expected an integer from 1 to ${mostCandidates}`)
}

function checkOverride({ node, rows, value }: Override, known: Known, placed: readonly Placed<Cache>[]): void {
  const length = placed.reduce((sum, feed) => sum + (known.rowwise.has(node) ? feed.rows.length : feed.T), 0)
  const expected = [rows?.length ?? length, known.columns.get(node)]
  if (value.shape.join() !== expected.join()) {
    throw new InputError(`override "${node}": value is [${value.shape.join(', ')}], expected [${expected.join(', ')}]`)
  }
  const bad = rows?.find((row) => !isWithin(row, length))
  if (bad !== undefined)
    throw new InputError(`override "${node}": row ${bad} is outside the ${length} rows of the pass`)
}
