import { InputError } from '@tramontane/core'
import { describe, expect, it } from 'vitest'
import { compile } from '../grammar/compile.ts'
import { judge } from '../grammar/judge.ts'
import { Pushdown } from '../grammar/pushdown.ts'
import { ajvOf } from './ajv.fixture.ts'
import { corpus } from './corpus.fixture.ts'
import { jsonSchemaGrammar } from './index.ts'

/** Those that are refused: why. */
const refused: Readonly<Record<string, RegExp>> = {
  allergy: /"uniqueItems" at "\/properties\/reactions"/,
  'dna features': /more than 20000 states/,
}

const automata = new Map(corpus.map(({ name, schema }) => [name, made(schema)]))

function made(schema: unknown): Pushdown | string {
  try {
    return new Pushdown(compile(jsonSchemaGrammar(schema)))
  } catch (error) {
    if (error instanceof InputError) return error.message
    throw error
  }
}

const accepts = (automaton: Pushdown, document: unknown): boolean =>
  judge(automaton, new TextEncoder().encode(JSON.stringify(document))).accepted

describe('schemas as people write them', () => {
  it('are at least 200, with documents of which ajv says that they are valid, or are not', () => {
    expect(new Set(corpus.map(({ name }) => name)).size).toBe(corpus.length)
    expect(corpus.length).toBeGreaterThanOrEqual(200)
    const wrong = corpus.flatMap(({ name, schema, valid, invalid }) => {
      const isValid = ajvOf(schema)
      return [
        ...valid.filter((document) => !isValid(document)),
        ...invalid.filter((document) => isValid(document)),
      ].map((document) => `${name}: ${JSON.stringify(document)}`)
    })
    expect(wrong).toEqual([])
  })

  it('are compiled, but for a few', () => {
    const reasons = [...automata].filter(([, automaton]) => typeof automaton === 'string')
    for (const [name, reason] of reasons) expect(reason, name).toMatch(refused[name] ?? /no reason is known/)
    expect(reasons.map(([name]) => name).sort()).toEqual(Object.keys(refused).sort())
  })

  it('accept what is valid, and nothing that is not', () => {
    const wrong = corpus.flatMap(({ name, valid, invalid }) => {
      const automaton = automata.get(name)!
      if (typeof automaton === 'string') return []
      const rejected = valid.filter((document) => !accepts(automaton, document))
      const accepted = invalid.filter((document) => accepts(automaton, document))
      return [...rejected, ...accepted].map((document) => `${name}: ${JSON.stringify(document)}`)
    })
    expect(wrong).toEqual([])
  })
})
