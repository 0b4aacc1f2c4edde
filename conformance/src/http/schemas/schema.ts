import type { Fields } from '../capabilities.ts'

/** A schema to ask for, and what is to be said of it in messages. */
export interface Example {
  readonly name: string
  readonly schema: Fields
}

/** An object of exactly these properties, in this order. */
export function record(properties: Fields, more: Fields = {}): Fields {
  return { type: 'object', properties, required: Object.keys(properties), additionalProperties: false, ...more }
}

/** Examples of one property, `value`, each of a schema. */
export function values(schemas: Readonly<Record<string, Fields>>): Example[] {
  return Object.entries(schemas).map(([name, schema]) => ({ name, schema: record({ value: schema }) }))
}
