import { compile, ebnf, judge, Pushdown, type Rejection } from '@tramontane/api/grammar'
import { InputError } from '@tramontane/core'

/** JSON as RFC 8259 has it, to find where a text is none: JSON.parse does not always say, and not always in the same words. */
const json = ebnf(String.raw`
  root   ::= ws value ws
  value  ::= object | array | string | number | "true" | "false" | "null"
  object ::= "{" ws (member ("," ws member)*)? "}"
  member ::= string ws ":" ws value ws
  array  ::= "[" ws (value ws ("," ws value ws)*)? "]"
  string ::= /"([^"\\\x00-\x1f]|\\(["\\\/bfnrt]|u[0-9a-fA-F]{4}))*"/
  number ::= /-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][\-+]?[0-9]+)?/
  ws     ::= [ \t\r\n]*
`)

/** Reads JSON in UTF-8. Throws InputError with line and column for what is none, and for a key that comes twice. */
export function parseJsonText(bytes: Uint8Array, name: string): unknown {
  const judgement = judge(new Pushdown(compile(json)), bytes)
  if (!judgement.accepted) throw notJson(bytes, name, judgement)
  const text = new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes)
  checkKeys(text, name)
  return JSON.parse(text)
}

function notJson(bytes: Uint8Array, name: string, { at, expected, reason }: Rejection): InputError {
  if (hasMark(bytes))
    return new InputError(`${name}: begins with a byte-order mark, expected JSON in UTF-8 without one`)
  const place = `${name}:${placeAfter(new TextDecoder().decode(bytes.subarray(0, at)))}`
  if (reason !== undefined) return new InputError(`${place}: ${reason}`)
  const next = new TextDecoder().decode(bytes.subarray(at, at + 4))
  const found = next === '' ? 'the end' : JSON.stringify(String.fromCodePoint(next.codePointAt(0)!))
  return new InputError(`${place}: not JSON: expected ${expected.join(' ')}, found ${found}`)
}

function hasMark(bytes: Uint8Array): boolean {
  return bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf
}

/** Line and column of what follows, both from 1, the column in characters. */
function placeAfter(before: string): string {
  const lines = before.split('\n')
  return `${lines.length}:${[...lines.at(-1)!].length + 1}`
}

/** Of two values for one key a reader may take either. The text is JSON. */
function checkKeys(text: string, name: string): void {
  // The keys of every open object; null for an open array, of which none is asked.
  const open: (Set<string> | null)[] = []
  for (const { 0: token, 1: key, index } of text.matchAll(
    /("[^"\\]*(?:\\.[^"\\]*)*")\s*:|"[^"\\]*(?:\\.[^"\\]*)*"|[{}[\]]/g,
  )) {
    if (token === '{' || token === '[') open.push(token === '{' ? new Set() : null)
    else if (token === '}' || token === ']') open.pop()
    else if (key !== undefined && isTwice(open.at(-1)!, JSON.parse(key) as string))
      throw new InputError(`${name}:${placeAfter(text.slice(0, index))}: the key ${key} is twice in one object`)
  }
}

function isTwice(keys: Set<string> | null, key: string): boolean {
  return keys !== null && keys.size === keys.add(key).size
}
