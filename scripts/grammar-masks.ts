// Times masks over the bundled vocabularies, on grammars as JSON Schemas of requests would give:
//   node -C tramontane-source --import ./scripts/typescript-loader.js scripts/grammar-masks.ts
import { readFileSync } from 'node:fs'
import { sentencePiece, tokenizer } from '../packages/core/src/index.ts'
import { compile } from '../packages/api/src/grammar/compile.ts'
import { isAllowed } from '../packages/api/src/grammar/constraint.ts'
import {
  choice,
  optional,
  repeat,
  rule,
  sequence,
  set,
  text,
  type Expression,
} from '../packages/api/src/grammar/grammar.ts'
import { jsonGrammar, jsonNumber, jsonString } from '../packages/api/src/grammar/json.ts'
import { TokenMasks } from '../packages/api/src/grammar/mask.ts'
import { Pushdown } from '../packages/api/src/grammar/pushdown.ts'
import { tokenTrie } from '../packages/api/src/grammar/token-trie.ts'

let seed = 1
/** Park and Miller. */
const random = (below: number): number => (seed = (seed * 48271) % 2147483647) % below
const pick = <T>(from: readonly T[]): T => from[random(from.length)]!
const words =
  'name id title description price 地址 city étage status tags created_at email items owner children unit count'.split(
    ' ',
  )
const word = (): string => pick(words)

/** One character of a JSON string: the inside of jsonString, from state 1 back to it. */
const character = {
  size: jsonString.size,
  next(state: number, byte: number): number {
    const to = state === 2 ? -1 : jsonString.next(state === 0 ? 1 : state, byte)
    return to === 2 ? -1 : to === 1 ? 2 : to
  },
  isFinal: (state: number) => state === 2,
}

interface Case {
  readonly expression: Expression
  readonly document: () => string
}

const sentence = (most: number): string =>
  JSON.stringify(
    Array.from({ length: 1 + random(most) }, () => pick([...words, 'said "hello"', 'new\nline', 'naïve 🙂'])).join(' '),
  )

function schema(depth: number): Case {
  const kind = random(depth > 0 ? 8 : 5)
  if (kind === 0) return { expression: set(jsonString), document: () => sentence(12) }
  if (kind === 1) return { expression: set(jsonNumber), document: () => String(random(100000) / pick([1, 10, 1000])) }
  if (kind === 2) return { expression: choice(text('true'), text('false')), document: () => pick(['true', 'false']) }
  if (kind === 3) {
    const values = Array.from({ length: 2 + random(20) }, (_, i) => JSON.stringify(`${word()} ${i}`))
    return { expression: choice(...values.map(text)), document: () => pick(values) }
  }
  if (kind === 4) {
    const max = pick([5, 20, 50, 200, 10000])
    const bounded = (): string => JSON.stringify([...JSON.parse(sentence(8))].slice(0, max).join(''))
    return { expression: sequence(text('"'), repeat(set(character), 1, max), text('"')), document: bounded }
  }
  if (kind === 5) {
    const item = schema(depth - 1)
    const max = pick([3, 10, 100, null])
    const expression = sequence(
      text('['),
      optional(sequence(item.expression, repeat(sequence(text(','), item.expression), 0, max))),
      text(']'),
    )
    return { expression, document: () => `[${Array.from({ length: random(4) }, item.document).join()}]` }
  }
  const names = [...new Set(Array.from({ length: 1 + random(8) }, word))]
  const properties = names.map((name) => ({
    name: JSON.stringify(name),
    value: schema(depth - 1),
    isOptional: random(3) === 0,
  }))
  properties[0]!.isOptional = false
  const expression = sequence(
    text('{'),
    ...properties.map(({ name, value, isOptional }, i) => {
      const property = sequence(text(`${i > 0 ? ',' : ''}${name}:`), value.expression)
      return isOptional ? optional(property) : property
    }),
    text('}'),
  )
  const document = (): string =>
    `{${properties.flatMap(({ name, value, isOptional }) => (isOptional && random(2) ? [] : [`${name}:${value.document()}`])).join()}}`
  return { expression, document }
}

const cases = Array.from({ length: 200 }, () => schema(3)).map(({ expression, document }) => ({
  grammar: { rules: new Map([['start', expression]]), start: 'start' },
  documents: Array.from({ length: 5 }, document),
}))
const tree = sequence(
  text('{"name":'),
  set(jsonString),
  text(',"children":['),
  optional(sequence(rule('tree'), repeat(sequence(text(','), rule('tree')), 0, null))),
  text(']}'),
)
const leaf = (n: number): string => `{"name":${sentence(3)},"children":[${n ? `${leaf(n - 1)},${leaf(n - 1)}` : ''}]}`
cases.push({ grammar: { rules: new Map([['tree', tree]]), start: 'tree' }, documents: [leaf(3)] })
const anything = JSON.stringify({ a: [1, 2, { b: sentence(20), c: [true, null, -1.5e3] }], 'd"': { e: {} } })
cases.push({ grammar: jsonGrammar(), documents: [anything] })

function quantiles(times: number[]): string {
  times.sort((a, b) => a - b)
  const at = (q: number): string => (times[Math.min(times.length - 1, Math.floor(q * times.length))]! * 1000).toFixed(1)
  return `n ${times.length}  median ${at(0.5)}  p90 ${at(0.9)}  p99 ${at(0.99)}  p99.9 ${at(0.999)}  max ${at(1)} µs`
}

const models = new URL('../models/', import.meta.url)
const vocabularies = {
  'SmolLM2 49k': tokenizer(readFileSync(new URL('smollm2-135m-instruct-fp8/tokenizer.json', models), 'utf8')),
  'Mistral v0.3 32k': sentencePiece(readFileSync(new URL('mistral-7b-instruct-v0.3/tokenizer.model', models))),
}
for (const [name, vocabulary] of Object.entries(vocabularies)) {
  let began = performance.now()
  const trie = tokenTrie(vocabulary)
  console.log(`${name}: trie of ${trie.byte.length} nodes in ${(performance.now() - began).toFixed(0)} ms`)
  const masks = new TokenMasks(trie, [2])
  const compiling: number[] = []
  const passes: number[][] = [[], []]
  for (const { grammar, documents } of cases) {
    began = performance.now()
    const automaton = new Pushdown(compile(grammar, trie.single))
    compiling.push(performance.now() - began)
    for (const times of passes) {
      for (const document of documents) {
        let state = automaton.start
        for (const id of vocabulary.encode(document)) {
          const bytes =
            state === automaton.start && vocabulary.stripsLeadingSpace && trie.bytes(id)[0] === 32
              ? trie.bytes(id).subarray(1)
              : trie.bytes(id)
          began = performance.now()
          const mask = masks.mask(automaton, state)
          times.push(performance.now() - began)
          if (bytes.length === trie.bytes(id).length && !isAllowed(mask, id)) throw new Error(`${document}: ${id}`)
          for (const byte of bytes) state = automaton.step(state, byte)!
        }
        if (!state.accepting) throw new Error(document)
      }
    }
  }
  console.log(`  compile ${quantiles(compiling)}`)
  console.log(`  cold    ${quantiles(passes[0]!)}`)
  console.log(`  warm    ${quantiles(passes[1]!)}`)
  console.log(`  heap ${(process.memoryUsage().heapUsed / 1e6).toFixed(0)} MB`)
}
