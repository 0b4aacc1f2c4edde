import { fileURLToPath } from 'node:url'
import { run, type Choose, type Feed, type Pass, type Program } from '../backend.ts'
import { load } from '../disk.ts'
import { decode } from '../dtype.ts'
import { reference } from '../reference/index.ts'
import { sample } from '../sample.ts'
import type { Engine, Generation, GenerationEvent, GenerationRequest } from './generation.ts'

/** A model of 97 tokens, with or without a window of 5. */
export async function tinyProgram(name: 'full' | 'window' = 'full'): Promise<Program> {
  const folder = fileURLToPath(new URL(`../../../../conformance/goldens/tiny/${name}`, import.meta.url))
  const model = await load(folder, { tokenizer: false })
  const program = await reference().load(model.graph, model.weights)
  await model.close()
  return program
}

/** The slow twin of an engine: every token from all tokens before it, in a sequence of their own, alone. */
export async function alone(program: Program, request: GenerationRequest, most: number): Promise<number[]> {
  const { prompt, sampling = {}, end = [] } = request
  const generated: number[] = []
  while (generated.length < most) {
    const tokens = Int32Array.of(...prompt, ...generated)
    const sequence = program.open(tokens.length)
    const values = await run(program, [{ sequence, tokens, logits: 'last' }])
    sequence.close()
    const { token } = sample(decode(values.get('logits')!), sampling, { prompt, generated })
    generated.push(token)
    if (end.includes(token)) break
  }
  return generated
}

/** All events of a generation. */
export async function eventsOf(generation: Generation): Promise<GenerationEvent[]> {
  const events: GenerationEvent[] = []
  for await (const event of generation) events.push(event)
  return events
}

export function tokensOf(events: readonly GenerationEvent[]): number[] {
  return events.flatMap((event) => (event.type === 'token' ? event.token : []))
}

/** A program that shows each pass as it is submitted, and may be told to let one fail. */
export function watched(
  program: Program,
  submitted: (feeds: readonly Feed[], pass: Pass, choose: Choose | undefined) => void,
  fails: (feeds: readonly Feed[]) => unknown = () => undefined,
): Program {
  return {
    graph: program.graph,
    open: (capacity) => program.open(capacity),
    usage: () => program.usage(),
    dispose: () => program.dispose(),
    submit(feeds, options = {}) {
      const error = fails(feeds)
      const signal = error === undefined ? options.signal : AbortSignal.abort(error)
      const pass = program.submit(feeds, { ...options, ...(signal && { signal }) })
      submitted(feeds, pass, options.choose)
      return pass
    },
  }
}

/** A prompt of so many tokens; those of one seed begin alike. */
export function ids(length: number, seed: number): Int32Array {
  return Int32Array.from({ length }, (_, i) => 3 + ((i * 7 + seed * 13) % 90))
}

/** One request from its start to its end. */
export function generated(loop: Engine, request: GenerationRequest): Promise<GenerationEvent[]> {
  return eventsOf(loop.submit([request])[0])
}
