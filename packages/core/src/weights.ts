import type { Checkpoint } from './checkpoint.ts'
import type { Config } from './config.ts'
import { decode } from './dtype.ts'
import { InputError } from './errors.ts'
import { firstNotFinite } from './finite.ts'
import { ignored } from './ignore-list.ts'
import { readClaim, type Claim } from './quantization.ts'
import { coveringHeads, pickRows } from './rope-rows.ts'
import { scaleOf } from './scales.ts'
import { isUnused, modules, type Module } from './spellings.ts'
import type { Range, Spec, Tensor } from './tensor.ts'
import { isPlainTensor } from './torchao.ts'

/** The weights of a graph by its own names, read when asked for. */
export interface WeightSource {
  /** Name, dtype and shape of every weight, without reading any. */
  readonly specs: ReadonlyMap<string, Spec>
  /**
   * One weight, or a range of its rows: one positional read. The tensor belongs to the caller, who may hand its memory to
   * another thread: a source that keeps tensors gives copies. Throws InputError for contents that cannot be.
   */
  read(name: string, rows?: Range): Promise<Tensor>
}

/** One weight of the graph: where the checkpoint holds it, and how its rows must be put. */
interface Stored {
  readonly spelling: string
  /** As the graph knows it. */
  readonly spec: Spec
  /** See `Module.interleaved`. */
  readonly interleaved: number | null
}

/**
 * Pairs a checkpoint with the graph's names. Throws InputError for a tensor that is missing, misshapen or unexpected,
 * and for one that is not what the config claims; UnsupportedError for a quantisation that this engine does not read.
 * `claimant` says in errors where the config has its words on quantisation from.
 */
export function openWeights(checkpoint: Checkpoint, config: Config, claimant = claimantOf(checkpoint)): WeightSource {
  const { quantization } = config
  const claim = quantization === null ? null : readClaim(quantization, claimant, checkpoint.format)
  const stored = new Map<string, Stored>()
  for (const module of modules(config, checkpoint.format)) {
    if (module.name === 'logits' && config.tied && !isPresent(checkpoint, module, claim)) continue
    place(stored, checkpoint, module, claim)
  }
  checkNothingElse(checkpoint, stored)
  const specs = new Map([...stored].map(([name, { spec }]) => [name, spec] as const))
  return { specs, read: (name, rows) => read(checkpoint, stored, name, rows) }
}

function settingsFile({ format }: Checkpoint): string {
  return format === 'mistral' ? 'params.json' : 'config.json'
}

function claimantOf(checkpoint: Checkpoint): string {
  const key = checkpoint.format === 'mistral' ? 'quantization' : 'quantization_config'
  return `${checkpoint.name}/${settingsFile(checkpoint)}: ${key}`
}

function at(checkpoint: Checkpoint, name: string): string {
  return `${checkpoint.name}/${checkpoint.shard(name)}: tensor "${name}"`
}

function isPresent({ tensors }: Checkpoint, { spelling }: Module, claim: Claim | null): boolean {
  return tensors.has(`${spelling}.weight`) || (claim !== null && tensors.has(spelling + claim.weight))
}

/** Adds a module's weight, with its scale and bias if it has them. */
function place(stored: Map<string, Stored>, checkpoint: Checkpoint, module: Module, claim: Claim | null): void {
  const { name, spelling, shape, kind, bias, interleaved } = module
  const put = (part: string, from: string, spec: Spec, order = interleaved) =>
    stored.set(`${name}.${part}`, { spelling: from, spec, interleaved: order })
  const codes = claim !== null && kind === 'linear' ? quantised(checkpoint, module, claim) : undefined
  if (codes === undefined) put('weight', `${spelling}.weight`, floating(checkpoint, module))
  else put('weight', codes, spec(checkpoint, codes, shape, claim!.dtypes))
  if (codes !== undefined) {
    const scale = scaleOf(checkpoint, module, claim!)
    put('scale', scale.spelling, scale.spec, scale.form === 'channel' ? interleaved : null)
  }
  if (bias) put('bias', `${spelling}.bias`, spec(checkpoint, `${spelling}.bias`, shape.slice(0, 1), floats))
}

const floats = ['F64', 'F32', 'F16', 'BF16'] as const

/** The name of an fp8 linear's codes; undefined where it is not quantised, and need not be. */
function quantised(checkpoint: Checkpoint, { name, spelling }: Module, claim: Claim): string | undefined {
  const codes = spelling + claim.weight
  const plain = `${spelling}.weight`
  const listing = ignored(claim.ignore, spelling)
  const found = checkpoint.tensors.get(codes)
  if (found !== undefined && (claim.weight !== '.weight' || isFp8(found))) {
    if (listing !== 'listed') return codes
    throw new InputError(`${at(checkpoint, codes)} is ${found.dtype}, but ${claim.where} lists it as not quantised`)
  }
  const dtype = checkpoint.tensors.get(plain)?.dtype
  if (dtype === undefined) throw new InputError(`${checkpoint.name}: tensor "${codes}" is missing`)
  const told = claim.form === 'metadata' && isPlainTensor(checkpoint.metadata, plain, checkpoint.name)
  if (name === 'logits' || listing !== 'no' || told) return undefined
  const expected = `expected "${codes}" of ${claim.dtypes.join(' or ')}`
  throw new InputError(`${at(checkpoint, plain)} is ${dtype}, ${expected}: ${claim.where} does not leave it out`)
}

function isFp8({ dtype }: Spec): boolean {
  return dtype.startsWith('F8')
}

function floating(checkpoint: Checkpoint, { spelling, shape, kind }: Module): Spec {
  const tensor = `${spelling}.weight`
  const found = checkpoint.tensors.get(tensor)
  if (kind === 'linear' && found !== undefined && isFp8(found)) {
    throw new InputError(
      `${at(checkpoint, tensor)} is ${found.dtype}, but ${settingsFile(checkpoint)} tells of no such quantisation`,
    )
  }
  return spec(checkpoint, tensor, shape, floats)
}

/** What the checkpoint says of a tensor, if it is what was promised. */
function spec(checkpoint: Checkpoint, tensor: string, shape: readonly number[], dtypes: readonly string[]): Spec {
  const found = checkpoint.tensors.get(tensor)
  const expected = `[${shape.join(', ')}]`
  if (found === undefined) throw new InputError(`${checkpoint.name}: tensor "${tensor}" ${expected} is missing`)
  if (found.shape.join() !== shape.join()) {
    const hint = [...found.shape].reverse().join() === shape.join() ? '; transposed?' : ''
    throw new InputError(`${at(checkpoint, tensor)} is [${found.shape.join(', ')}], expected ${expected}${hint}`)
  }
  if (!dtypes.includes(found.dtype)) {
    throw new InputError(`${at(checkpoint, tensor)} is ${found.dtype}, expected one of ${dtypes.join(', ')}`)
  }
  return found
}

function checkNothingElse(checkpoint: Checkpoint, stored: ReadonlyMap<string, Stored>): void {
  const expected = new Set([...stored.values()].map(({ spelling }) => spelling))
  for (const name of checkpoint.tensors.keys()) {
    if (expected.has(name) || isUnused(name, checkpoint.format)) continue
    const described = `${settingsFile(checkpoint)} does not describe it`
    throw new InputError(`${at(checkpoint, name)}: unexpected tensor; ${described}`)
  }
}

async function read(
  checkpoint: Checkpoint,
  stored: ReadonlyMap<string, Stored>,
  name: string,
  rows?: Range,
): Promise<Tensor> {
  const entry = stored.get(name)
  if (entry === undefined) throw new InputError(`${checkpoint.name}: the model has no weight "${name}"`)
  const found = await readInOrder(checkpoint, entry, rows)
  if (name.endsWith('.scale')) checkScales(found, at(checkpoint, entry.spelling))
  const bad = firstNotFinite(found)
  if (bad >= 0)
    throw new InputError(
      `${at(checkpoint, entry.spelling)}: element ${bad} is not a finite number (code ${found.data[bad]})`,
    )
  // A checkpoint may say [] or [N, 1] where the graph says [1] or [N].
  return entry.spec.shape.length === 1 ? { ...found, shape: [found.data.length] } : found
}

/** Rows in the order of the graph. Of interleaved ones the heads around the range are read, no more. */
async function readInOrder(
  checkpoint: Checkpoint,
  { spelling, spec, interleaved }: Stored,
  rows?: Range,
): Promise<Tensor> {
  const range = rows ?? { from: 0, to: spec.shape[0] }
  if (!isWithin(range, spec.shape[0])) return checkpoint.read(spelling, rows) // Which refuses it.
  if (checkpoint.tensors.get(spelling)!.shape.length === 0) {
    const whole = await checkpoint.read(spelling)
    return { ...whole, data: whole.data.slice(range.from, range.to) }
  }
  if (interleaved === null) return checkpoint.read(spelling, rows)
  const heads = coveringHeads(range, interleaved)
  return pickRows(await checkpoint.read(spelling, heads), heads.from, range, interleaved)
}

function isWithin({ from, to }: Range, rows: number): boolean {
  return Number.isInteger(from) && Number.isInteger(to) && 0 <= from && from <= to && to <= rows
}

function checkScales(found: Tensor, where: string): void {
  const values = decode(found)
  const bad = values.findIndex((scale) => !(scale > 0 && scale < Infinity))
  if (bad >= 0) throw new InputError(`${where}: scale ${bad} is ${values[bad]}, expected a finite positive number`)
}
