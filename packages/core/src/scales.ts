import type { Checkpoint } from './checkpoint.ts'
import { InputError, UnsupportedError } from './errors.ts'
import { blockCounts, blockSize } from './graph.ts'
import type { Claim, Form } from './quantization.ts'
import { staysInBlock } from './rope-rows.ts'
import type { Module } from './spellings.ts'
import type { Spec } from './tensor.ts'
import { torchaoForm } from './torchao.ts'

/** A scale as the checkpoint spells it and as the graph knows it. */
export interface Scale {
  readonly spelling: string
  readonly spec: Spec
  readonly form: Form
}

/**
 * The scale of an fp8 linear, as it is claimed: [1] per tensor, [N] per channel, [⌈N/128⌉, ⌈K/128⌉] per block. Throws
 * InputError where it is missing, or has another spelling, dtype or shape. Spec: [fp8.3].
 */
export function scaleOf(checkpoint: Checkpoint, module: Module, claim: Claim): Scale {
  const spelling = spellingOf(checkpoint, module, claim)
  const { dtype, shape } = checkpoint.tensors.get(spelling)!
  const forms = formsOf(checkpoint, module, claim)
  const form = forms.find((form) => accepted(form, module.shape).includes(shape.join()))
  if (form === undefined || !['F64', 'F32', 'F16', 'BF16'].includes(dtype)) {
    throw new InputError(misfit(checkpoint, spelling, module, forms, claim))
  }
  const { shape: weight, interleaved } = module
  if (form === 'block' && interleaved !== null && !staysInBlock(weight[0], interleaved, blockSize)) {
    const why = `heads of ${interleaved} rows do not fit into blocks of ${blockSize}, so they cannot be reordered`
    throw new UnsupportedError(`${checkpoint.name}/${checkpoint.shard(spelling)}: tensor "${spelling}": ${why}`)
  }
  return { spelling, form, spec: { dtype, shape: graphShape(form, weight) } }
}

/** Endings that some layout gives to a scale: what to look for when the claimed one is missing. */
const endings = ['.weight_scale', '.weight_scale_inv', '._weight_scale', '.qscale_weight']

function spellingOf(checkpoint: Checkpoint, { spelling }: Module, claim: Claim): string {
  const candidates = claim.scales.map((ending) => spelling + ending)
  const found = candidates.find((name) => checkpoint.tensors.has(name))
  if (found !== undefined) return found
  const other = endings.map((ending) => spelling + ending).find((name) => checkpoint.tensors.has(name))
  const hint = other === undefined ? '' : `; found "${other}", which is another layout than ${claim.where} claims`
  throw new InputError(
    `${checkpoint.name}: "${spelling}${claim.weight}" is fp8, but "${candidates[0]}" is missing${hint}`,
  )
}

function formsOf(checkpoint: Checkpoint, { spelling, shape }: Module, { form }: Claim): readonly Form[] {
  if (form === 'any') return ['tensor', 'channel', 'block']
  if (form === 'metadata') return [torchaoForm(checkpoint.metadata, `${spelling}.weight`, shape, checkpoint.name)]
  return [form]
}

/** The shapes in which a checkpoint may hold a scale for a weight [N, K], as text. */
function accepted(form: Form, [rows, width]: readonly number[]): string[] {
  if (form === 'tensor') return ['', '1', '1,1']
  if (form === 'channel') return [`${rows},1`, `${rows}`]
  return [blockCounts([rows, width]).join()]
}

/** The shape in which the graph knows it. */
function graphShape(form: Form, weight: readonly number[]): readonly number[] {
  if (form === 'tensor') return [1]
  return form === 'channel' ? [weight[0]] : blockCounts(weight)
}

function misfit(
  checkpoint: Checkpoint,
  spelling: string,
  { shape: [rows, width] }: Module,
  forms: readonly Form[],
  { where }: Claim,
): string {
  const { dtype, shape } = checkpoint.tensors.get(spelling)!
  const expected = forms.map((form) => `[${accepted(form, [rows, width])[0].replace(',', ', ')}]`).join(' or ')
  const turned = forms.some(
    (form) => form !== 'tensor' && accepted(form, [rows, width])[0] === [...shape].reverse().join(),
  )
  const what = `expected a float of shape ${expected} (a scale per ${forms.join(' or ')}, by ${where})`
  const at = `${checkpoint.name}/${checkpoint.shard(spelling)}: tensor "${spelling}"`
  return `${at} is ${dtype} [${shape.join(', ')}], ${what}${turned ? '; transposed?' : ''}`
}
