import { readdirSync, readFileSync } from 'node:fs'

/** A schema as people write them, with documents that it allows and that it does not. */
export interface CorpusEntry {
  readonly name: string
  readonly schema: { readonly $schema?: string } | boolean
  readonly valid: readonly unknown[]
  readonly invalid: readonly unknown[]
}

const folder = new URL('corpus/', import.meta.url)

/** All of `corpus/`, a schema a line. */
export const corpus: readonly CorpusEntry[] = readdirSync(folder)
  .sort()
  .flatMap((file) => readFileSync(new URL(file, folder), 'utf8').trimEnd().split('\n'))
  .map((line) => JSON.parse(line) as CorpusEntry)
