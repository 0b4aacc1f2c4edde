// Times what structured output costs, over the corpus of JSON Schemas and the bundled vocabularies: compiling, and a mask
// before each token of each valid document; then what extreme schemas take. Slowest schemas by name with --slow. All in
// time of the processor, of which others that run on the machine change little; V8's own threads count too.
//   node -C tramontane-source --import ./scripts/typescript-loader.js scripts/grammar-masks.ts
import { readFileSync } from 'node:fs'
import {
  compile,
  Constraint,
  isAllowed,
  jsonSchemaGrammar,
  Pushdown,
  TokenMasks,
  tokenTrie,
} from '@tramontane/api/grammar'
import { InputError, sentencePiece, tokenizer, type Tokenizer } from '@tramontane/core'
import { corpus } from '../packages/api/src/json-schema/corpus.fixture.ts'

interface Timing {
  readonly name: string
  readonly ms: number
}

function timed<T>(timings: Timing[], name: string, run: () => T): T {
  const began = process.cpuUsage()
  const result = run()
  const { user, system } = process.cpuUsage(began)
  timings.push({ name, ms: (user + system) / 1000 })
  return result
}

function report(title: string, timings: Timing[]): void {
  timings.sort((a, b) => a.ms - b.ms)
  const at = (q: number): string => timings[Math.min(timings.length - 1, Math.floor(q * timings.length))]!.ms.toFixed(3)
  console.log(
    `  ${title.padEnd(8)} n ${timings.length}, median ${at(0.5)}, p90 ${at(0.9)}, p99 ${at(0.99)}, max ${at(1)} ms`,
  )
  if (!process.argv.includes('--slow')) return
  for (const { name, ms } of timings.slice(-8).reverse()) console.log(`    ${ms.toFixed(2)} ${name}`)
}

/** A grammar for each schema that is not refused. */
function compiled(
  usable: readonly boolean[],
  timings: Timing[],
): { name: string; valid: readonly unknown[]; automaton: Pushdown }[] {
  return corpus.flatMap(({ name, schema, valid }) => {
    try {
      const automaton = timed(timings, name, () => new Pushdown(compile(jsonSchemaGrammar(schema), usable)))
      return [{ name, valid, automaton }]
    } catch (error) {
      if (error instanceof InputError) return []
      throw error
    }
  })
}

function masksAlong(ids: Iterable<number>, constraint: Constraint, timings: Timing[], name: string): void {
  for (const id of ids) {
    const mask = timed(timings, name, () => constraint.mask())
    if (!isAllowed(mask, id)) throw new Error(`${name}: token ${id} is not allowed`)
    constraint.accept(id)
  }
  timed(timings, name, () => constraint.mask())
  if (!constraint.isComplete) throw new Error(`${name}: not complete`)
}

function overCorpus(title: string, vocabulary: Tokenizer): void {
  const trie = tokenTrie(vocabulary)
  const masks = new TokenMasks(trie, [2])
  const [compiling, cold, warm]: Timing[][] = [[], [], []]
  const grammars = compiled(trie.single, compiling!)
  const { stripsLeadingSpace } = vocabulary
  for (const { name, valid, automaton } of grammars)
    for (const timings of [cold!, warm!])
      for (const document of valid) {
        const constraint = new Constraint({ automaton, masks, stripsLeadingSpace })
        masksAlong(vocabulary.encode(JSON.stringify(document)), constraint, timings, name)
      }
  console.log(`${title}: ${grammars.length} of ${corpus.length} schemas`)
  report('compile', compiling!)
  report('cold', cold!)
  report('warm', warm!)
  console.log(`  heap ${(process.memoryUsage().heapUsed / 1e6).toFixed(0)} MB`)
}

const nested = (depth: number): unknown =>
  depth === 0 ? true : { type: 'object', properties: { a: nested(depth - 1) }, required: ['a'] }
const pattern = (pattern: string) => ({ type: 'string', pattern })
const some = <T>(count: number, make: (i: number) => T): T[] => Array.from({ length: count }, (_, i) => make(i))
const names = some(500, (i) => [`property ${i}`, { type: 'string' }] as const)

/** What a stranger may ask for. */
const extremes: Readonly<Record<string, () => unknown>> = {
  'depth 100': () => nested(100),
  'depth 500': () => nested(500),
  'depth 10⁴': () => JSON.parse(`${'{"items":'.repeat(10_000)}true${'}'.repeat(10_000)}`) as unknown,
  'bomb (a|a)*b': () => pattern('^(a|a)*b$'),
  'bomb ((a*)*)*': () => pattern('^((a*)*)*$'),
  'bomb .*a.{20}': () => pattern('.*a.{20}$'),
  'bomb a{1000}{1000}': () => pattern('^(a{1000}){1000}$'),
  'bomb of lookaheads': () => pattern(some(20, (i) => `(?=.*${String.fromCharCode(97 + i)})`).join('')),
  'enum of 10⁵': () => ({ enum: some(100_000, (i) => `value ${i} of many`) }),
  '500 optional properties': () => ({
    type: 'object',
    properties: Object.fromEntries(names),
    additionalProperties: false,
  }),
  'allOf of 16 anyOf': () => ({
    allOf: some(16, (i) => ({ anyOf: [{ required: [`a${i}`] }, { required: [`b${i}`] }] })),
  }),
  'oneOf of 50 alike': () => ({ oneOf: some(50, (i) => ({ type: 'object', properties: { a: { minimum: i } } })) }),
  '20 patternProperties': () => ({
    patternProperties: Object.fromEntries(some(20, (i) => [`a.{${i}}b`, { minimum: i }])),
  }),
  'items 10⁶': () => ({ type: 'array', items: { type: 'integer' }, minItems: 1_000_000 }),
  'length 10⁶': () => ({ type: 'string', minLength: 1_000_000 }),
  'multiple of 0.001, 12 digits': () => ({ type: 'number', multipleOf: 0.001, minimum: 0.123, maximum: 123456789.123 }),
}

function extreme(name: string, schema: unknown): void {
  const timings: Timing[] = []
  const outcome = timed(timings, name, () => {
    try {
      return `compiled, ${new Pushdown(compile(jsonSchemaGrammar(schema))).start.configurations.length} ways to begin`
    } catch (error) {
      return `${(error as Error).name}: ${(error as Error).message}`
    }
  })
  console.log(`  ${timings[0]!.ms.toFixed(1).padStart(7)} ms  ${name}: ${outcome.slice(0, 110)}`)
}

const models = new URL('../models/', import.meta.url)
overCorpus('SmolLM2 49k', tokenizer(readFileSync(new URL('smollm2-135m-instruct-fp8/tokenizer.json', models), 'utf8')))
overCorpus('Mistral v0.3 32k', sentencePiece(readFileSync(new URL('mistral-7b-instruct-v0.3/tokenizer.model', models))))
console.log('extremes')
for (const [name, make] of Object.entries(extremes)) extreme(name, make())
