import { InputError } from '@tramontane/core'
import fc from 'fast-check'
import { afterAll, describe, expect, it } from 'vitest'
import { compile } from '../grammar/compile.ts'
import { judge } from '../grammar/judge.ts'
import { Pushdown } from '../grammar/pushdown.ts'
import { ajvOf } from './ajv.fixture.ts'
import { jsonSchemaGrammar } from './index.ts'
import { Documents } from './random-documents.fixture.ts'
import { schemas } from './random-schemas.fixture.ts'
import { walked } from './walk.fixture.ts'

/** More for a long look: TRAMONTANE_RUNS=20000. */
const numRuns = Number(process.env['TRAMONTANE_RUNS'] ?? 150)
const met = { schemas: 0, refused: 0, empty: 0, walks: 0, ambiguous: 0, valid: 0, invalid: 0 }

function made(schema: unknown): Pushdown | null {
  met.schemas++
  try {
    return new Pushdown(compile(jsonSchemaGrammar(schema)))
  } catch (error) {
    if (!(error instanceof InputError)) throw error
    if ('kind' in error && error.kind === 'unsatisfiable') met.empty++
    else met.refused++
    return null
  }
}

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)
const accepts = (automaton: Pushdown, document: unknown): boolean =>
  judge(automaton, bytes(JSON.stringify(document))).accepted

describe('over random schemas', () => {
  it('ajv calls valid whatever is generated', () => {
    fc.assert(
      fc.property(schemas, fc.array(fc.nat(), { minLength: 6, maxLength: 6 }), (schema, seeds) => {
        const automaton = made(schema)
        if (automaton === null) return
        const isValid = ajvOf(schema)
        for (const seed of seeds) {
          const text = textOf(automaton, seed)
          if (text === null || isRounded(text)) continue
          met.walks++
          expect(verdict(isValid, JSON.parse(text)), text).not.toBe(false)
        }
      }),
      { seed: 11, numRuns },
    )
  })

  it('what is valid, and it alone, is accepted', () => {
    fc.assert(
      fc.property(schemas, fc.array(fc.nat(), { minLength: 12, maxLength: 12 }), (schema, seeds) => {
        const automaton = made(schema)
        if (automaton === null) return
        const isValid = ajvOf(schema)
        for (const seed of seeds) {
          const document = new Documents(schema, seed).one()
          const expected = verdict(isValid, document)
          if (expected === null) return
          met[expected ? 'valid' : 'invalid']++
          expect(accepts(automaton, document), JSON.stringify(document)).toBe(expected)
        }
      }),
      { seed: 12, numRuns },
    )
  })

  afterAll(() => {
    if (numRuns > 150) console.log(met)
    expect(met.refused / met.schemas).toBeLessThan(1 / 20)
    expect(met.ambiguous / met.walks).toBeLessThan(1 / 100)
    for (const count of [met.walks, met.valid, met.invalid]) expect(count).toBeGreaterThan(2 * numRuns)
  })
})

/** Null where it does not come to an end, or can be read in more ways than the automaton follows. */
function textOf(automaton: Pushdown, seed: number): string | null {
  try {
    const walk = walked(automaton, seed)
    return walk && new TextDecoder().decode(walk)
  } catch (error) {
    if (!(error instanceof InputError)) throw error
    met.ambiguous++
    return null
  }
}

/** Numbers beyond what a double or ajv can do exactly: of some it says nothing that is right. */
function isRounded(text: string): boolean {
  return /[0-9.]{16}|[eE][-+]?0*([1-9][0-9]|[5-9])/.test(text)
}

/** What ajv says; null where a schema leads it in a circle. */
function verdict(isValid: ReturnType<typeof ajvOf>, document: unknown): boolean | null {
  try {
    return isValid(document)
  } catch (error) {
    if (error instanceof RangeError) return null
    throw error
  }
}
