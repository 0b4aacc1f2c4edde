import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { main } from '../main.ts'
import { collector } from './serve.fixture.ts'

const schema = {
  type: 'object',
  properties: { id: { type: 'integer' }, size: { enum: ['S', 'größer'] } },
  required: ['id', 'size'],
}
const documents = '{"id":1,"size":"S"}\n{"id":2,"size":"größer"}\r\n\n{"id":2,"size":"grß"}\n'

let folder: string
let [schemaFile, docs] = ['', '']
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tramontane-grammar-'))
  schemaFile = await file('schema.json', JSON.stringify(schema))
  docs = await file('docs.jsonl', documents)
})
afterAll(() => rm(folder, { recursive: true }))

async function file(name: string, content: string | Uint8Array): Promise<string> {
  await writeFile(join(folder, name), content)
  return join(folder, name)
}

async function run(argv: readonly string[], input: readonly (string | Uint8Array)[] = []) {
  const [out, err] = [collector(), collector()]
  const io = { stdin: Readable.from(input), stdout: out.stream, stderr: err.stream }
  const code = await main(['grammar', ...argv], io)
  return { code, out: out.text(), err: err.text() }
}

const verdicts = async (...argv: readonly string[]): Promise<unknown[]> => {
  const { code, out } = await run([...argv, '--json'])
  expect(code).toBe(0)
  return out
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as unknown)
}

describe('judges', () => {
  test('each line of a file under a JSON Schema', async () => {
    const yes = { accepted: true }
    const [first, second, empty, wrong] = await verdicts('--schema', schemaFile, '--docs', docs)
    expect([first, second]).toEqual([yes, yes])
    expect(empty).toMatchObject({ accepted: false, at: 0, expected: ['{'] })
    // Where it stands after {"id":2,"size":"gr, 18 bytes, in which ß and ö begin alike.
    expect(wrong).toEqual({ accepted: false, at: 19, expected: ['\\xb6'] })
  })

  test('stdin, in whatever pieces it comes', async () => {
    const pieces = [...Buffer.from(documents)].map((byte) => Uint8Array.of(byte))
    const whole = await run(['--schema', schemaFile, '--docs', docs, '--json'])
    expect(await run(['--schema', schemaFile, '--docs', '-', '--json'], pieces)).toEqual(whole)
    expect(whole.out.split('\n')).toHaveLength(5)
  })

  test('a regular expression, EBNF, and any JSON', async () => {
    const month = ['--regex', '[0-9]{4}-(0[1-9]|1[0-2])|now']
    expect(await verdicts(...month, '--doc', '2024-12')).toEqual([{ accepted: true }])
    expect(await verdicts(...month, '--doc', 'now')).toEqual([{ accepted: true }])
    expect(await verdicts(...month, '--doc', '2024-13')).toEqual([{ accepted: false, at: 6, expected: ['0-2'] }])
    expect(await verdicts(...month, '--doc', '2024-12 ')).toEqual([{ accepted: false, at: 7, expected: ['end'] }])
    const greeting = await file('greeting.ebnf', 'root ::= "hello" (" " [a-z]+)?\n')
    expect(await verdicts('--grammar', greeting, '--doc', 'hello you')).toEqual([{ accepted: true }])
    expect(await verdicts('--any', '--doc', '[1,{"a":null}]')).toEqual([{ accepted: true }])
    // A document by itself is not cut into lines.
    expect(await verdicts('--any', '--doc', '1\n2')).toMatchObject([{ accepted: false, at: 1 }])
  })

  test('for people, with a caret', async () => {
    const { out } = await run(['--schema', schemaFile, '--docs', '-'], ['{"id":1,"size":"S"}\n{"id":x\x1b[31m}\n'])
    expect(out).toBe(`1: accepted
2: rejected at byte 6: expected \\x0a \\x0d \\x20 - 0-9
  {"id":x·[31m}
        ^
1 accepted, 1 rejected
`)
  })
})

describe('refuses', () => {
  test('a schema that cannot be enforced: once, with 3', async () => {
    const bad = await file('bad.json', '{"properties": {"a": {"$ref": "#/nowhere"}}}')
    const { code, out, err } = await run(['--schema', bad, '--docs', docs, '--json'])
    expect({ code, err }).toEqual({ code: 3, err: '' })
    expect(JSON.parse(out)).toEqual({
      refused: expect.stringContaining('$ref'),
      at: expect.stringMatching('^/properties/a'),
    })
    expect((await run(['--schema', bad, '--docs', docs])).out).toMatch(/^refused: .+\n$/)
  })

  test('a pattern, a grammar', async () => {
    const { code, out } = await run(['--regex', 'a(b', '--doc', 'a', '--json'])
    expect({ code, ...(JSON.parse(out) as object) }).toMatchObject({
      code: 3,
      refused: expect.stringContaining('"("'),
      at: null,
    })
    const left = await file('left.ebnf', 'root ::= root "a" | "b"')
    expect((await run(['--grammar', left, '--doc', 'a'])).out).toContain('left recursion')
  })

  test('wrong usage, with 2', async () => {
    expect(await run(['--any', '--regex', 'a', '--doc', 'a'])).toMatchObject({ code: 2, out: '' })
    expect(await run(['--doc', 'a'])).toMatchObject({
      code: 2,
      err: expect.stringContaining('expected one of --schema'),
    })
    expect(await run(['--any'])).toMatchObject({ code: 2, err: expect.stringContaining('expected --docs or --doc') })
    expect(await run(['--any', '--docs', docs, '--doc', 'a'])).toMatchObject({ code: 2 })
  })

  test('files that cannot be read, with 1', async () => {
    const refused = async (...argv: readonly string[]): Promise<string> => {
      const { code, out, err } = await run(argv)
      expect({ code, out }).toEqual({ code: 1, out: '' })
      return err
    }
    expect(await refused('--schema', folder, '--doc', 'a')).toBe(
      `error: ${folder}: expected a JSON Schema, found EISDIR\n`,
    )
    expect(await refused('--schema', join(folder, 'none'), '--doc', 'a')).toContain(
      'none: expected a JSON Schema, found ENOENT',
    )
    expect(await refused('--any', '--docs', folder)).toContain('expected a file of documents, found EISDIR')
    const twice = await file('twice.json', '{"type": "string",\n "type": "string"}')
    expect(await refused('--schema', twice, '--doc', 'a')).toContain('twice.json:2:2: the key "type" is twice')
    const half = await file('half.json', '{"type": ')
    expect(await refused('--schema', half, '--doc', 'a')).toContain('half.json:1:10: not JSON')
  })
})
