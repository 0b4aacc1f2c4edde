import { bounds, type Group, type Vicinity } from './keyword-group.ts'
import type { SchemaNode, SchemaObject } from './document.ts'
import {
  all,
  always,
  any,
  fact,
  schema as satisfies,
  type,
  types,
  unasked,
  type Assertion,
  type Formula,
  type Literal,
  type Members,
  type SomeMember,
} from './formula.ts'
import { patternSet } from './pattern-set.ts'
import { constantMember, constantMembers } from './constants.ts'

const object = types(type.object)

function required(...names: readonly string[]): Formula {
  return fact({ on: 'object', is: 'required', names })
}

function forbidden(name: string): Formula {
  return fact({ on: 'object', is: 'forbidden', name })
}

function members(node: SchemaNode, schema: SchemaObject, { document }: Vicinity): Assertion {
  const literal = (...keys: readonly string[]): Literal => ({ node: document.child(node, ...keys), holds: true })
  const keys = (keyword: string): string[] => Object.keys((schema[keyword] as object | undefined) ?? {})
  return membersAssertion(node, {
    is: 'members',
    names: new Map(keys('properties').map((name) => [name, literal('properties', name)])),
    patterns: keys('patternProperties').map((pattern) => ({
      set: patternSet(pattern, node.at, 'patternProperties'),
      literal: literal('patternProperties', pattern),
    })),
    rest: schema['additionalProperties'] === undefined ? null : literal('additionalProperties'),
  })
}

function membersAssertion({ at }: SchemaNode, members: Members): Assertion {
  const opposite = (literal: Literal | null): Literal => ({ node: literal!.node, holds: false })
  const some = (keyword: string, asked: Pick<SomeMember, 'except' | 'sets' | 'literal'>): Formula =>
    fact({ on: 'object', is: 'some', at, keyword, name: null, ...asked })
  const wrong = (): Formula[] => [
    ...Array.from(members.names, ([name, literal]) => all(required(name), memberIs(name, opposite(literal)))),
    ...members.patterns.map(({ set, literal }) =>
      some('patternProperties', { except: new Set(), sets: [{ set, holds: true }], literal: opposite(literal) }),
    ),
    ...(members.rest
      ? [
          some('additionalProperties', {
            except: new Set(members.names.keys()),
            sets: members.patterns.map(({ set }) => ({ set, holds: false })),
            literal: opposite(members.rest),
          }),
        ]
      : []),
  ]
  return { holds: () => fact({ on: 'object', ...members }), fails: () => all(object, any(...wrong())) }
}

function memberIs(name: string, literal: Literal): Formula {
  return fact({ on: 'object', is: 'members', names: new Map([[name, literal]]), patterns: [], rest: null })
}

function propertyNames(node: SchemaNode, { document }: Vicinity): Assertion {
  const names = document.child(node, 'propertyNames')
  const wrong: SomeMember = {
    is: 'some',
    at: node.at,
    keyword: 'propertyNames',
    except: new Set(),
    sets: [],
    name: { node: names, holds: false },
    literal: null,
  }
  return {
    holds: () => fact({ on: 'object', is: 'names', literal: { node: names, holds: true } }),
    fails: () => all(object, fact({ on: 'object', ...wrong })),
  }
}

/** Where the property is there, more is asked. */
function dependent(name: string, needs: Assertion): Assertion {
  return {
    holds: () => any(forbidden(name), all(object, required(name), needs.holds())),
    fails: () => all(object, required(name), needs.fails()),
  }
}

function requirement(names: readonly string[]): Assertion {
  return {
    holds: () => (names.length === 0 ? always : required(...names)),
    fails: () => all(object, any(...names.map(forbidden))),
  }
}

function dependencies(keyword: string, node: SchemaNode, schema: SchemaObject, { document }: Vicinity): Assertion {
  const each = Object.entries(schema[keyword] as object).map(([name, needs]) => {
    if (Array.isArray(needs)) return dependent(name, requirement(needs as string[]))
    const child = document.child(node, keyword, name)
    return dependent(name, { holds: () => satisfies(child), fails: () => satisfies(child, false) })
  })
  return {
    holds: () => all(...each.map((one) => one.holds())),
    fails: () => any(...each.map((one) => one.fails())),
  }
}

/** From 2019 on `dependencies` is a word like any other, where it is said which draft is meant. */
function dependenciesCount({ resource: { draft } }: SchemaNode): boolean {
  return draft === undefined || draft <= 7
}

export const objectAssertions: readonly Group[] = [
  { keywords: ['properties', 'patternProperties', 'additionalProperties'], assertion: members },
  { keywords: ['required'], assertion: (_, schema) => requirement(schema['required'] as string[]) },
  { keywords: ['propertyNames'], assertion: (node, _, vicinity) => propertyNames(node, vicinity) },
  ...bounds(type.object, ['minProperties', 'maxProperties'], (min, max, at) => {
    return { on: 'object', is: 'count', min, max, at }
  }),
  ...['dependentRequired', 'dependentSchemas'].map((keyword): Group => ({
    keywords: [keyword],
    assertion: (node, schema, vicinity) => dependencies(keyword, node, schema, vicinity),
  })),
  {
    keywords: ['dependencies'],
    assertion: (node, schema, vicinity) =>
      dependenciesCount(node) ? dependencies('dependencies', node, schema, vicinity) : unasked,
  },
  {
    keywords: [constantMembers],
    assertion(node, { [constantMembers]: value }, vicinity) {
      const entries = Object.entries(value as object)
      const nothing: Literal = { node: vicinity.document.nothing, holds: true }
      return membersAssertion(node, {
        is: 'members',
        names: new Map(
          entries.map(([key, item]) => [key, { node: constantMember(node, key, item, vicinity), holds: true }]),
        ),
        patterns: [],
        rest: nothing,
      })
    },
  },
]
