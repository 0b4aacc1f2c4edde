import type { SchemaNode, SchemaObject } from './document.ts'
import { pointerTo } from './json-pointer.ts'
import type { Vicinity } from './keyword-group.ts'

/** An array or object as a schema that says the same of each of its members. */
export function constant(value: object, at: string, { resource }: SchemaNode, { document }: Vicinity): SchemaNode {
  const keys = Object.keys(value)
  const shape: SchemaObject = Array.isArray(value)
    ? { type: 'array', [constantItems]: value }
    : { type: 'object', [constantMembers]: value, required: keys }
  return document.synthetic(`constant ${at}`, at, shape, resource)
}

/** Keywords that no schema can have, for values in `enum` and `const`. */
export const constantItems = '\u0000items'
export const constantMembers = '\u0000members'

/** Whether a schema stands for an array or object that is named. */
export function isConstant({ schema }: SchemaNode): boolean {
  return typeof schema === 'object' && (constantItems in schema || constantMembers in schema)
}

/** The schema of a member of a constant. */
export function constantMember(node: SchemaNode, key: string | number, value: unknown, vicinity: Vicinity): SchemaNode {
  const at = pointerTo(node.at, key)
  if (typeof value === 'object' && value !== null) return constant(value, at, node, vicinity)
  return vicinity.document.synthetic(`constant ${at}`, at, { const: value }, node.resource)
}
