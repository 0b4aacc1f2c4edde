import { byteLength, elements, references, type BareModel, type Node, type Spec } from '@tramontane/core'
import { Command } from 'commander'
import { withModel } from '../engine.ts'
import { examples } from '../examples.ts'
import { write, type Io } from '../io.ts'

export function inspectCommand(io: Io): Command {
  const command = new Command('inspect')
    .description('Shows what a model folder holds: config, tensors, scales, counts and the graph. Reads no weights.')
    .argument('<dir>', 'model folder')
    .option('--json', 'print everything as JSON')
    .action((directory: string, options: { json?: boolean }) => inspect(io, directory, options))
  return examples(command, 'inspect models/smollm2-135m-instruct-fp8', 'inspect ./model --json | jq .dtypes')
}

function inspect(io: Io, directory: string, { json }: { json?: boolean }): Promise<void> {
  return withModel(directory, async (model) => {
    const found = summary(model)
    await write(io.stdout, json ? `${JSON.stringify(found, null, 2)}\n` : text(found))
  })
}

type Summary = ReturnType<typeof summary>

function summary({ name, config, checkpoint, weights, graph }: BareModel) {
  const tensors = [...checkpoint.tensors].map(([tensor, { dtype, shape }]) => {
    return { name: tensor, dtype, shape, shard: checkpoint.shard(tensor) }
  })
  const isScale = (weight: string) => weight.endsWith('.scale')
  const entries = [...weights.specs].map(([weight, { dtype, shape }]) => ({ name: weight, dtype, shape }))
  return {
    name,
    config,
    parameters: count(entries.filter((weight) => !isScale(weight.name))),
    bytes: tensors.reduce((sum, tensor) => sum + byteLength(tensor), 0),
    dtypes: Object.fromEntries(byDType(tensors)),
    tensors,
    scales: entries.filter((weight) => isScale(weight.name)),
    graph: { nodes: graph.nodes },
  }
}

function count(specs: readonly Spec[]): number {
  return specs.reduce((sum, { shape }) => sum + elements(shape), 0)
}

function byDType(specs: readonly Spec[]) {
  const dtypes = [...new Set(specs.map(({ dtype }) => dtype))]
  return dtypes.map((dtype) => {
    const own = specs.filter((spec) => spec.dtype === dtype)
    return [
      dtype,
      { tensors: own.length, elements: count(own), bytes: count(own) * byteLength({ dtype, shape: [] }) },
    ] as const
  })
}

function text({ name, config, parameters, bytes, dtypes, tensors, scales, graph }: Summary): string {
  const setting = ([key, value]: [string, unknown]) => `  ${key}: ${JSON.stringify(value)}`
  const tensor = (t: Summary['tensors'][number]) => `${t.dtype.padEnd(8)} ${layered(t.name)} [${t.shape.join(', ')}]`
  const shards = new Set(tensors.map(({ shard }) => shard))
  const sections = [
    `${name}: ${config.architecture}, ${grouped(parameters)} parameters in ${grouped(bytes)} bytes`,
    'config',
    ...Object.entries(config)
      .filter(([key]) => key !== 'quantization')
      .map(setting),
    'dtypes',
    ...Object.entries(dtypes).map(
      ([d, n]) => `  ${d.padEnd(8)} ${n.tensors} tensors, ${grouped(n.elements)} elements, ${grouped(n.bytes)} bytes`,
    ),
    `tensors: ${tensors.length} in ${[...shards].join(', ')}`,
    ...repeated(tensors.map(tensor)),
    `scales: ${scales.length}`,
    ...repeated(scales.map((s) => `${s.dtype.padEnd(8)} ${layered(s.name)} [${s.shape.join(', ')}]`)),
    `graph: ${graph.nodes.length} nodes`,
    ...repeated(graph.nodes.map(nodeText)),
  ]
  return `${sections.join('\n')}\n`
}

function nodeText(node: Node): string {
  const read = Object.entries(references(node)).map(([argument, ref]) => `${argument}=${layered(ref)}`)
  return `${layered(node.name)} = ${node.op}(${read.join(', ')})`
}

/** Names that differ only by their layer become one. */
function layered(name: string): string {
  return name.replace(/layers\.\d+\./, 'layers.*.')
}

/** Equal lines once, with how often. */
function repeated(lines: readonly string[]): string[] {
  const counts = new Map<string, number>()
  for (const line of lines) counts.set(line, (counts.get(line) ?? 0) + 1)
  return [...counts].map(([line, times]) => (times === 1 ? `  ${line}` : `  ${line} ×${times}`))
}

function grouped(n: number): string {
  return n.toLocaleString('en-US')
}
