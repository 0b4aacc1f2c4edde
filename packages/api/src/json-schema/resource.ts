import { draftOf, type Draft } from './draft.ts'
import { invalid } from './schema-error.ts'

export type SchemaObject = Readonly<Record<string, unknown>>

/** A schema with an address of its own, and all that is in it. */
export interface Resource {
  /** Without fragment. */
  readonly uri: string
  readonly at: string
  /** Undefined where nobody says. */
  readonly draft: Draft | undefined
}

/** What relative addresses are relative to. */
export const nowhere = 'https://schema.invalid/'

/** The resource that a schema begins, or that which it is in. */
export function resourceOf(schema: SchemaObject, at: string, outer: Resource): Resource {
  const draft = draftOf(schema['$schema']) ?? outer.draft
  const keyword = draft === 4 ? 'id' : '$id'
  const id = schema[keyword]
  // As `id` was a word like any other before and after, it is often one.
  if (
    id === undefined ||
    (keyword === 'id' && typeof id !== 'string') ||
    ((draft ?? 2020) <= 7 && typeof schema['$ref'] === 'string')
  )
    return outer
  if (typeof id !== 'string') throw invalid('expected an address', { at, keyword })
  const { uri, fragment } = split(id, outer.uri, { at, keyword })
  // Up to draft 7 a fragment alone is an anchor.
  if (id.startsWith('#') || (fragment !== '' && draft === undefined)) return outer
  return { uri, at, draft }
}

/** A reference as an absolute address and its fragment, not percent-encoded. */
export function split(
  reference: string,
  base: string,
  place: { at: string; keyword: string },
): { uri: string; fragment: string } {
  try {
    const url = new URL(reference, base)
    const fragment = decodeURIComponent(url.hash.slice(1))
    url.hash = ''
    return { uri: url.href, fragment }
  } catch {
    throw invalid(`${JSON.stringify(reference)} is no address`, place)
  }
}
