import type { Group, Vicinity } from './keyword-group.ts'
import type { SchemaNode } from './document.ts'
import { all, always, any, never, schema, unasked, type Assertion, type Formula } from './formula.ts'
import { unsupported } from './schema-error.ts'

/** Beyond, the pairs of alternatives would be too many. */
const mostExclusive = 200
const mostPairs = 24

function children(node: SchemaNode, keyword: string, { document }: Vicinity): SchemaNode[] {
  const { length } = (node.schema as Record<string, unknown[]>)[keyword]!
  return Array.from({ length }, (_, i) => document.child(node, keyword, i))
}

function allOf(nodes: readonly SchemaNode[]): Assertion {
  return {
    holds: () => all(...nodes.map((node) => schema(node))),
    fails: () => any(...nodes.map((node) => schema(node, false))),
  }
}

function anyOf(nodes: readonly SchemaNode[]): Assertion {
  return {
    holds: () => ({ kind: 'any', inclusive: true, parts: nodes.map((node) => schema(node, true, true)) }),
    fails: () => all(...nodes.map((node) => schema(node, false))),
  }
}

function oneOf(node: SchemaNode, vicinity: Vicinity): Assertion {
  const nodes = children(node, 'oneOf', vicinity)
  const check = (most: number): void => {
    if (nodes.length > most)
      throw unsupported(`expected at most ${most} alternatives here, found ${nodes.length}`, {
        at: node.at,
        keyword: 'oneOf',
      })
  }
  /** One of them and none of those that may hold with it. */
  const only = (one: SchemaNode): Formula => {
    // In their order, for it says in which order properties are declared.
    return all(
      ...nodes.flatMap((other) => {
        if (other === one) return [schema(one, true, true)]
        return vicinity.areDisjoint(one, other) ? [] : [schema(other, false)]
      }),
    )
  }
  const two = (): Formula[] =>
    nodes.flatMap((one, i) =>
      nodes.slice(i + 1).map((other) => all(schema(one, true, true), schema(other, true, true))),
    )
  return {
    holds: () => (check(mostExclusive), any(...nodes.map(only))),
    fails: () => (check(mostPairs), any(all(...nodes.map((node) => schema(node, false))), ...two())),
  }
}

/** `if` without `then` and `else` asks nothing, but what it evaluates counts. */
function conditional(node: SchemaNode, { document }: Vicinity): Assertion {
  const has = (keyword: string): boolean => Object.hasOwn(node.schema as object, keyword)
  if (!has('if')) return unasked
  const condition = (holds: boolean): Formula => schema(document.child(node, 'if'), holds, true)
  const branch = (keyword: string, holds: boolean): Formula =>
    has(keyword) ? schema(document.child(node, keyword), holds) : holds ? always : never
  const either = (holds: boolean): Formula =>
    any(all(condition(true), branch('then', holds)), all(condition(false), branch('else', holds)))
  return { holds: () => either(true), fails: () => either(false) }
}

export const combinators: readonly Group[] = [
  { keywords: ['allOf'], assertion: (node, _, vicinity) => allOf(children(node, 'allOf', vicinity)) },
  { keywords: ['anyOf'], assertion: (node, _, vicinity) => anyOf(children(node, 'anyOf', vicinity)) },
  { keywords: ['oneOf'], assertion: (node, _, vicinity) => oneOf(node, vicinity) },
  {
    keywords: ['not'],
    assertion(node, _, { document }) {
      const not = document.child(node, 'not')
      return { holds: () => schema(not, false), fails: () => schema(not, true, true) }
    },
  },
  { keywords: ['if', 'then', 'else'], assertion: (node, _, vicinity) => conditional(node, vicinity) },
]
