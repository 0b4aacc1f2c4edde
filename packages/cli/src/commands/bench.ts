import { writeFile } from 'node:fs/promises'
import { InputError } from '@tramontane/core'
import { Command, InvalidArgumentError, Option } from 'commander'
import { bench } from '../bench/bench.ts'
import { environment, identity, type BenchDocument } from '../bench/document.ts'
import { fullPlan, quickPlan, type Depth, type Plan } from '../bench/plan.ts'
import type { Event } from '../bench/report.ts'
import { picture } from '../bench/svg.ts'
import { table } from '../bench/table.ts'
import { toMeasure } from '../bench/to-measure.ts'
import { duration } from '../bench/units.ts'
import { checkMemory, withModel } from '../engine.ts'
import { examples } from '../examples.ts'
import { write, type Io } from '../io.ts'
import { positiveWholeNumber, wholeNumber } from '../numbers.ts'
import { present, type PresentBackend } from '../worker-backend.ts'

interface Options {
  readonly backend?: readonly string[]
  readonly prompt?: readonly number[]
  readonly generate?: number
  readonly depth?: readonly Depth[]
  readonly batch?: readonly number[]
  readonly repetitions?: number
  readonly seconds?: number
  readonly quick?: boolean
  readonly json?: boolean
  readonly svg?: string
}

/** `backends`: what can be measured; the first one defines what is right. */
export function benchCommand(io: Io, backends: readonly PresentBackend[] = present): Command {
  const names = backends.map(({ name }) => name)
  const command = new Command('bench')
    .description('Measures how fast backends process prompts and generate, and what share of the machine that is.')
    .argument('<dir>', 'model folder')
    .addOption(
      new Option('--backend <name...>', 'what to measure; default: all that are there but tfjs-cpu').choices(names),
    )
    .option('--prompt <list>', 'prompts, in tokens (default: 512,4096)', list(positiveWholeNumber))
    .option('--generate <n>', 'tokens to generate (default: 128)', positiveWholeNumber)
    .option(
      '--depth <list>',
      'tokens before the generated ones; "end" of the context (default: 0,4096,end)',
      list(depth),
    )
    .option(
      '--batch <list>',
      'sequences that generate together, at the least depth (default: 8)',
      list(positiveWholeNumber),
    )
    .option('--repetitions <n>', 'how often each is measured (default: 3)', positiveWholeNumber)
    .option(
      '--seconds <n>',
      'most time for everything; what does not fit is cut or left out, and said',
      positiveWholeNumber,
    )
    .option('--quick', 'a short run: --prompt 64 --generate 8 --depth 0,64 --batch 8 --repetitions 2')
    .option('--json', 'print everything as JSON')
    .option('--svg <file>', 'write a picture too')
    .action((directory: string, options: Options) => runBench(io, backends, directory, options))
  return examples(
    command,
    'bench models/smollm2-135m-instruct-fp8 --quick',
    'bench ./model --seconds 600 --svg bench.svg',
    'bench ./model --prompt 512 --generate 32 --depth 0,end --json > bench.json',
  )
}

async function runBench(
  io: Io,
  backends: readonly PresentBackend[],
  directory: string,
  options: Options,
): Promise<void> {
  const report = await withModel(directory, async (model): Promise<BenchDocument> => {
    // Whatever is measured, the first one computes what the others are judged by.
    checkMemory(model, backends[0].name)
    const chosen = await toMeasure(io, backends, options.backend, model)
    const found = await bench(chosen, backends[0], model, planOf(options), {
      report: reporter(io),
      ...(io.signal && { signal: io.signal }),
    })
    const made = { date: new Date().toISOString(), environment: environment(), model: await identity(directory, model) }
    return { schema: 'tramontane-bench', version: 1, ...made, ...found }
  })
  await write(io.stdout, options.json ? `${JSON.stringify(report, null, 2)}\n` : table(report))
  if (options.svg !== undefined) await writePicture(options.svg, picture(report))
  const bad = report.backends.filter(({ valid }) => !valid).map(({ name }) => name)
  if (bad.length > 0) throw new InputError(`bench: the figures of ${bad.join(', ')} are not valid; see above`)
}

function planOf({ prompt, depth, batch, quick, generate, repetitions, seconds }: Options): Plan {
  const preset = quick ? quickPlan : fullPlan
  return {
    prompts: prompt ?? preset.prompts,
    generate: generate ?? preset.generate,
    depths: depth ?? preset.depths,
    batches: batch ?? preset.batches,
    repetitions: repetitions ?? preset.repetitions,
    seconds: seconds ?? preset.seconds,
  }
}

/** Filling tells of every pass; people hear of it every ten seconds. */
function reporter({ stderr }: Io): (event: Event) => void {
  let last = -Infinity
  return (event) => {
    if (event.stage === 'filling' && performance.now() - last < 10_000) return
    last = performance.now()
    stderr.write(progressLine(event))
  }
}

function progressLine({ backend, stage, detail, secondsLeft }: Event): string {
  const left = secondsLeft === undefined ? '' : ` (about ${duration(secondsLeft)} left)`
  return `${backend}: ${stage}${detail === undefined ? '' : ` ${detail}`}${left}\n`
}

async function writePicture(file: string, svg: string): Promise<void> {
  await writeFile(file, svg).catch((error: Error) => {
    throw new InputError(`${file}: expected a place to write, found ${error.message}`)
  })
}

function list<T>(parse: (text: string) => T): (text: string) => T[] {
  return (text) => text.split(',').map((part) => parse(part.trim()))
}

function depth(text: string): Depth {
  if (text === 'end') return 'end'
  try {
    return wholeNumber(text)
  } catch {
    throw new InvalidArgumentError('Expected whole numbers from 0, or "end".')
  }
}
