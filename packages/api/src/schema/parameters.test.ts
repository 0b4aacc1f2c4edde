import { describe, expect, test } from 'vitest'
import type { Case, Either } from './parameter-case.fixture.ts'
import { cases } from './parameter-cases.fixture.ts'
import { parameters, type Kind, type Parameter } from './parameters.ts'
import { parameterTable } from './parameter-table.ts'
import { parse, refusal, strict } from './requests.fixture.ts'

/** A field by its name in the table. */
function place(name: string, value: unknown): object {
  if (name === 'messages[].content[]') return { messages: [{ role: 'user', content: [value] }] }
  const [, parent, field] = /^(messages\[\]|stream_options)\.(\w+)$/.exec(name) ?? []
  if (parent === 'stream_options') return { stream: true, stream_options: { [field!]: value } }
  if (field === 'tool_call_id') return { messages: [called, { role: 'tool', content: 'x', tool_call_id: value }] }
  if (field === 'tool_calls') {
    const calls = Array.isArray(value) ? (value as { id?: unknown }[]) : []
    const results = calls.map((call) => ({ role: 'tool', content: 'x', tool_call_id: call?.id }))
    return { messages: [{ role: 'assistant', content: 'x', tool_calls: value }, ...results] }
  }
  if (parent !== undefined) return { messages: [{ role: 'assistant', content: 'x', [field!]: value }] }
  return { [name]: value }
}

const called = {
  role: 'assistant',
  tool_calls: [{ id: 'abc', type: 'function', function: { name: 'f', arguments: '{}' } }],
}

/** How errors call it. */
function param(name: string): string {
  return name === 'messages[].tool_call_id' ? 'messages[1].tool_call_id' : name.replaceAll('[]', '[0]')
}

const rows = parameters.flatMap((parameter) => parameter.of.map((kind) => ({ parameter, kind })))

function caseOf({ name }: Parameter, kind: Kind): Case | undefined {
  return cases[name] ?? cases[`${kind} ${name}`]
}

describe.each(rows)('$kind: $parameter.name is $parameter.state', ({ parameter, kind }) => {
  const { name, neutral } = parameter
  const { taken, beyond, read, beside } = neutral === undefined ? caseOf(parameter, kind)! : refusedCase(neutral)

  test('takes what is in its range', () => {
    for (const [value, result] of taken) {
      // Strict: the schema has to know the field, or it would be refused as unknown.
      const request = parse[kind]({ ...beside, ...place(name, value) }, strict)
      if (read !== undefined) expect(read(request as unknown as Either), JSON.stringify(value)).toEqual(result)
    }
  })

  test('refuses all else', () => {
    for (const value of beyond) {
      const error = refusal(() => parse[kind]({ ...beside, ...place(name, value) }))
      expect(error).toMatchObject({ status: 400, type: 'invalid_request_error' })
      expect(error.param?.startsWith(param(name)), JSON.stringify(value)).toBe(true)
      expect(error.message).toContain(`'${error.param}'`)
      if (neutral !== undefined) expect(error.message).toContain('not supported')
    }
  })
})

/** Values of every type, but those that ask for nothing. */
function refusedCase(neutral: readonly unknown[]): Case {
  const values = [true, false, 0, 1, -1, 2.5, 'none', 'x', [], ['x'], {}, { type: 'x' }]
  const same = (a: unknown) => neutral.some((b) => JSON.stringify(a) === JSON.stringify(b))
  return {
    taken: [null, undefined, ...neutral].map((value) => [value]),
    beyond: values.filter((value) => !same(value)),
  }
}

test('no case is of a field that the table has not', () => {
  const names = rows.flatMap(({ parameter: { name }, kind }) => [name, `${kind} ${name}`])
  expect(Object.keys(cases).filter((name) => !names.includes(name))).toEqual([])
})

test('no field stands twice for one kind of request', () => {
  const names = rows.map(({ parameter: { name }, kind }) => `${kind} ${name}`)
  expect(new Set(names).size).toBe(names.length)
})

test('the page for readers is this table', async () => {
  await expect(parameterTable()).toMatchFileSnapshot('../../../../docs/guide/parameters.md')
})
