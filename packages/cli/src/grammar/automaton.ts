import { readFile } from 'node:fs/promises'
import { compile, ebnf, jsonGrammar, jsonSchemaGrammar, Pushdown, regexGrammar } from '@tramontane/api/grammar'
import type { Grammar } from '@tramontane/api/grammar'
import { InputError } from '@tramontane/core'
import { parseJsonText } from './json-text.ts'

/** Where a grammar comes from: one of these. */
export interface Source {
  readonly schema?: string
  readonly regex?: string
  readonly grammar?: string
  readonly any?: boolean
}

/** Reads what there is to read, and only then makes it an automaton. Throws InputError for a file that is no JSON. */
export async function opened({ schema, regex, grammar }: Source): Promise<() => Pushdown> {
  if (schema !== undefined) {
    const value = parseJsonText(await contents(schema, 'a JSON Schema'), schema)
    return () => automaton(jsonSchemaGrammar(value))
  }
  if (grammar !== undefined) {
    const text = new TextDecoder().decode(await contents(grammar, 'a grammar'))
    return () => automaton(ebnf(text))
  }
  if (regex !== undefined) return () => automaton(regexGrammar(regex))
  return () => automaton(jsonGrammar())
}

/** Its start throws too where there are too many ways to begin. */
function automaton(grammar: Grammar): Pushdown {
  const automaton = new Pushdown(compile(grammar))
  void automaton.start
  return automaton
}

function contents(file: string, expected: string): Promise<Uint8Array> {
  return readFile(file).catch((error: NodeJS.ErrnoException) => {
    throw new InputError(`${file}: expected ${expected}, found ${error.code ?? error.message}`)
  })
}
