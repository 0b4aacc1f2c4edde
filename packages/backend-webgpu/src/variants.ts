import { decodeTable, InputError } from '@tramontane/core'
import { adapterName } from './adapter.ts'
import { Recorder, type Binding } from './recorder.ts'
import type { Variants } from './shaders.ts'

/** In the order of `decode.wgsl`, which counts them from 1 on. */
const dtypes = ['BF16', 'F16', 'F8_E4M3', 'F8_E5M2'] as const
/** The fastest first. */
const decoders: readonly Variants[] = [{ code_quads: 'code_quads_half' }, {}, { code_values: 'code_values_integer' }]
/** Within a subgroup, all of it, and many of them, however large they are. */
const widths = [4, 32, 256]

/**
 * Files that compute on this device what they should: of those that stand for each other the first one which passes its test.
 *
 * @throws {InputError} none does
 */
export async function chooseVariants(device: GPUDevice): Promise<Variants> {
  return {
    ...(await choose(device, 'code_values', decoders, firstWrongCode)),
    ...(await choose(device, 'reduce_workgroup', reductions(device), firstWrongSum)),
  }
}

/** `test` says what is wrong, if anything is. */
async function choose(
  device: GPUDevice,
  usual: string,
  candidates: readonly Variants[],
  test: (recorder: Recorder) => Promise<string | undefined>,
): Promise<Variants> {
  const wrong: string[] = []
  for (const candidate of candidates) {
    const name = Object.values(candidate)[0] ?? usual
    const recorder = await Recorder.on(device, candidate)
    try {
      const found = await test(recorder)
      if (found === undefined) return candidate
      wrong.push(`${name}: ${found}`)
    } catch (error) {
      wrong.push(`${name}: ${error instanceof Error ? error.message : String(error)}`)
    } finally {
      recorder.dispose()
    }
  }
  throw new InputError(
    `webgpu: on the adapter ${adapterName(device.adapterInfo)} no variant of ${usual} is right (${wrong.join('; ')}); update its driver, or take another backend`,
  )
}

/** Subgroups serve where all have one size that is known. */
function reductions({ adapterInfo, features }: GPUDevice): Variants[] {
  const { subgroupMinSize: width, subgroupMaxSize: largest } = adapterInfo
  const known = features.has('subgroups') && width !== undefined && width === largest && width <= 256
  return known ? [{ reduce_workgroup: 'reduce_subgroup' }, {}] : [{}]
}

/** All finite codes bit by bit, but for the sign of zero, and for subnormal numbers of float32, which may be zero. */
async function firstWrongCode(recorder: Recorder): Promise<string | undefined> {
  for (const [i, dtype] of dtypes.entries()) {
    const table = decodeTable(dtype)
    const codes = (table.length === 256 ? Uint8Array : Uint16Array).from(table.keys())
    const quads = table.length / 4
    const binding = { kernel: 'decode_test', constants: { format: i + 1 } } as const
    const values = await computed(recorder, binding, codes, 4 * table.length, [quads], Math.ceil(quads / 64))
    const bits = new Uint32Array(values.buffer)
    const expected = Float32Array.from(table)
    const expectedBits = new Uint32Array(expected.buffer)
    const wrong = expected.findIndex((value, code) =>
      value === 0
        ? values[code] !== 0
        : Number.isFinite(value) && Math.abs(value) >= 2 ** -126 && bits[code] !== expectedBits[code],
    )
    if (wrong >= 0) {
      return `code 0x${wrong.toString(16)} of ${dtype} is ${values[wrong]}, expected ${expected[wrong]}`
    }
  }
}

/** What `reduce_test.wgsl` adds up, in whole numbers that float32 holds. */
async function firstWrongSum(recorder: Recorder): Promise<string | undefined> {
  for (const lanes of widths) {
    const binding = { kernel: 'reduce_test', constants: { lanes } } as const
    const found = await computed(recorder, binding, null, 4 * 2048, [], 1)
    const expected = sumsOf(lanes)
    const wrong = expected.findIndex((sum, at) => found[at] !== sum)
    if (wrong >= 0) {
      return `a sum over ${lanes} invocations, number ${wrong} of them, is ${found[wrong]}, expected ${expected[wrong]}`
    }
  }
}

/** Of neighbours, in each of them: [2, 256, 4]. */
export function sumsOf(lanes: number): number[] {
  const first = (i: number): number[] => [1, i, i * i, (37 * i) % 251]
  const second = (i: number): number[] => [i, 255 - i, 1, (91 * i) % 241]
  return [first, second].flatMap((terms) =>
    Array.from({ length: 256 }, (_, i) => {
      const group = Array.from({ length: lanes }, (_, j) => terms(i - (i % lanes) + j))
      return [0, 1, 2, 3].map((c) => group.reduce((sum, term) => sum + term[c], 0))
    }).flat(),
  )
}

/** What a kernel makes of its input. */
async function computed(
  recorder: Recorder,
  binding: Omit<Binding, 'buffers'>,
  input: Uint8Array | Uint16Array | null,
  bytes: number,
  params: readonly number[],
  groups: number,
): Promise<Float32Array> {
  const sizes = input === null ? [bytes] : [input.byteLength, bytes]
  const buffers = await recorder.allocate(sizes)
  try {
    if (input) recorder.write(buffers[0], input)
    recorder.dispatch({ ...binding, buffers, params, grid: [groups] })
    return await recorder.read(buffers.at(-1)!, bytes)
  } finally {
    for (const buffer of buffers) buffer.destroy()
  }
}
