import { decodeTable, interpreter, run, tensor, type Graph } from '@tramontane/core'
import { expect, it } from 'vitest'
import { openDevice } from './device.ts'
import { Recorder } from './recorder.ts'
import type { Variants } from './shaders.ts'
import { useSoftwareAdapter } from './software.fixture.ts'
import { opTable } from './table.ts'

// One code a row beside zeros: an embedding of one number, whose value is what the kernel decodes.
const dtypes = ['F8_E4M3', 'F8_E5M2', 'F16', 'BF16'] as const
const decoders: Variants[] = [{ code_quads: 'code_quads_half' }, {}, { code_values: 'code_values_integer' }]
const cases = decoders.flatMap((variants) => dtypes.map((dtype) => ({ variants, dtype })))
it.each(cases)('$variants: every code of $dtype is exact on the device', async ({ variants, dtype }) => {
  useSoftwareAdapter()
  const table = decodeTable(dtype)
  const short = dtype.startsWith('F8')
  const data = short ? new Uint8Array(4 * table.length) : new Uint16Array(4 * table.length)
  for (let code = 0; code < table.length; code++) data[4 * code + (code % 4)] = code
  const codes = tensor(dtype, [table.length, 4], data as never)
  const graph: Graph = {
    weights: { table: { dtype, shape: codes.shape } },
    nodes: [{ name: 'logits', op: 'gather', rows: 'tokens', table: 'table' }],
  }
  const recorder = await Recorder.on(await openDevice(), variants)
  const backend = interpreter({ name: 'webgpu', batchInvariant: false, open: (given) => opTable(recorder, given) })
  const source = { specs: new Map(Object.entries(graph.weights)), read: async () => codes }
  const program = await backend.load(graph, source)
  // Not what may be flushed, or assumed absent: subnormal numbers of float32, infinities and NaN.
  const plain = (value: number): boolean => value === 0 || (Number.isFinite(value) && Math.abs(value) >= 2 ** -126)
  const finite = Array.from(table.keys()).filter((code) => plain(table[code]))
  const found: number[] = []
  for (let at = 0; at < finite.length; at += 8192) {
    const tokens = Int32Array.from(finite.slice(at, at + 8192))
    const values = await run(program, [{ sequence: program.open(8192), tokens, logits: 'all' }])
    const rows = values.get('logits')!.data as Float32Array
    tokens.forEach((code, i) => found.push(rows[4 * i + (code % 4)] + 0))
  }
  expect(found).toEqual(finite.map((code) => table[code] + 0))
  await program.dispose()
})
