import { checkSize } from './document-size.ts'
import { draftOf } from './draft.ts'
import { member, pointerKeys, pointerTo } from './json-pointer.ts'
import { nowhere, resourceOf, split, type Resource, type SchemaObject } from './resource.ts'
import { invalid, unsupported } from './schema-error.ts'
import { checkKeyword, nestingOf } from './vocabulary.ts'

export type { SchemaObject } from './resource.ts'

/** A schema within a document. */
export interface SchemaNode {
  /** In the order in which schemas are written down. */
  readonly id: number
  /** A JSON pointer into the document. */
  readonly at: string
  readonly schema: boolean | SchemaObject
  readonly resource: Resource
}

/** All schemas of a JSON document, by where they are, their addresses and their anchors. */
export class SchemaDocument {
  readonly root: SchemaNode
  readonly #nodes = new Map<string, SchemaNode>()
  readonly #resources = new Map<string, SchemaNode>()
  /** By address and name. */
  readonly #anchors = new Map<string, SchemaNode>()
  readonly #dynamicAnchors = new Map<string, SchemaNode[]>()
  #ids = 0

  /** Throws SchemaError for what is no schema. */
  constructor(value: unknown) {
    checkSize(value)
    const draft = draftOf(member(value, '$schema'))
    this.root = this.#add(value, '', { uri: nowhere, at: '', draft })
    if (!this.#resources.has(nowhere)) this.#resources.set(nowhere, this.root)
  }

  /** Satisfied by everything, and by nothing. */
  get anything(): SchemaNode {
    return this.synthetic('anything', '', true, this.root.resource)
  }

  get nothing(): SchemaNode {
    return this.synthetic('nothing', '', false, this.root.resource)
  }

  /** A schema that was not written down, under a key that is no pointer. */
  synthetic(key: string, at: string, schema: SchemaNode['schema'], resource: Resource): SchemaNode {
    let node = this.#nodes.get(key)
    if (node === undefined) this.#nodes.set(key, (node = { id: this.#ids++, at, schema, resource }))
    return node
  }

  /** The schema in a keyword's value, or further inside of it. */
  child(node: SchemaNode, ...keys: readonly (string | number)[]): SchemaNode {
    return this.#nodes.get(keys.reduce<string>(pointerTo, node.at))!
  }

  /** What a `$ref` refers to. Throws SchemaError where there is nothing. */
  referred(node: SchemaNode, keyword: string, reference: string): SchemaNode {
    const place = { at: node.at, keyword }
    const { uri, fragment } = split(reference, node.resource.uri, place)
    const root = this.#resources.get(uri)
    if (root === undefined)
      throw unsupported(
        `${JSON.stringify(reference)} is not in this schema; put what it refers to under "$defs"`,
        place,
      )
    if (fragment === '') return root
    if (!fragment.startsWith('/')) {
      const anchored = this.#anchors.get(`${uri}#${fragment}`)
      if (anchored) return anchored
      throw invalid(`no schema has the anchor ${JSON.stringify(fragment)}`, place)
    }
    return this.#pointed(root, fragment, reference, place)
  }

  /** The schemas with this dynamic anchor. */
  dynamicAnchors(name: string): readonly SchemaNode[] {
    return this.#dynamicAnchors.get(name) ?? []
  }

  #pointed(root: SchemaNode, pointer: string, reference: string, place: { at: string; keyword: string }): SchemaNode {
    const known = this.#nodes.get(root.at + pointer)
    if (known) return known
    let value: unknown = root.schema
    let { at, resource } = root
    for (const key of pointerKeys(pointer) ?? []) {
      resource = this.#nodes.get(at)?.resource ?? resource
      value = member(value, key)
      at = pointerTo(at, key)
    }
    if (typeof value !== 'boolean' && (typeof value !== 'object' || value === null || Array.isArray(value)))
      throw invalid(`${JSON.stringify(reference)} refers to no schema`, place)
    return this.#nodes.get(at) ?? this.#add(value, at, resource)
  }

  /** Goes through a schema and all that are in it, in the order in which they are written down. */
  #add(value: unknown, at: string, resource: Resource): SchemaNode {
    const open = [{ value, at, resource }]
    let first: SchemaNode | undefined
    for (let next = open.pop(); next !== undefined; next = open.pop()) {
      if (this.#nodes.has(next.at)) continue
      const node = this.#node(next.value, next.at, next.resource)
      first ??= node
      open.push(...inner(node).reverse())
    }
    return first!
  }

  #node(value: unknown, at: string, outer: Resource): SchemaNode {
    if (typeof value !== 'boolean' && (typeof value !== 'object' || value === null || Array.isArray(value)))
      throw invalid(`expected an object, true or false, found ${JSON.stringify(value)?.slice(0, 60)}`, {
        at,
        keyword: null,
      })
    const schema = value as boolean | SchemaObject
    const resource = typeof schema === 'boolean' ? outer : resourceOf(schema, at, outer)
    const node: SchemaNode = { id: this.#ids++, at, schema, resource }
    this.#nodes.set(at, node)
    if (typeof schema === 'boolean') return node
    for (const keyword of assertedKeywords(node)) checkKeyword(at, keyword, schema[keyword])
    if (resource !== outer) this.#resources.set(resource.uri, node)
    this.#addAnchors(node, schema)
    return node
  }

  #addAnchors(node: SchemaNode, schema: SchemaObject): void {
    const { uri, draft } = node.resource
    const names = [schema['$anchor'], schema['$dynamicAnchor']]
    const old = schema[draft === 4 ? 'id' : '$id']
    if ((draft ?? 2020) <= 7 && typeof old === 'string' && old.startsWith('#')) names.push(old.slice(1))
    for (const name of names) if (typeof name === 'string') this.#anchors.set(`${uri}#${name}`, node)
    const dynamic = schema['$recursiveAnchor'] === true ? '' : schema['$dynamicAnchor']
    if (typeof dynamic !== 'string') return
    this.#dynamicAnchors.set(dynamic, [...(this.#dynamicAnchors.get(dynamic) ?? []), node])
  }
}

/** The keywords that count, in the order in which they are written down. Up to draft 7 there is nothing beside a reference. */
export function assertedKeywords({ schema, resource }: SchemaNode): string[] {
  if (typeof schema === 'boolean') return []
  if ((resource.draft ?? 2020) <= 7 && typeof schema['$ref'] === 'string') return ['$ref']
  return Object.keys(schema)
}

function inner({ schema, at, resource }: SchemaNode): { value: unknown; at: string; resource: Resource }[] {
  if (typeof schema === 'boolean') return []
  return Object.keys(schema).flatMap((keyword) => {
    const value = schema[keyword]
    const place = pointerTo(at, keyword)
    const nesting = nestingOf(keyword, value)
    if (nesting === undefined || typeof value !== 'object' || value === null)
      return nesting === 'one' ? [{ value, at: place, resource }] : []
    if (nesting === 'one') return [{ value, at: place, resource }]
    return Object.entries(value)
      .filter(([, item]) => keyword !== 'dependencies' || !Array.isArray(item))
      .map(([key, item]) => ({ value: item as unknown, at: pointerTo(place, key), resource }))
  })
}
