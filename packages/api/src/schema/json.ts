import { invalidRequestError, shortened, type ApiError } from '../errors.ts'

/** Levels of arrays and objects. A conversation has five; the rest is for JSON Schemas. */
const depthLimit = 128

/** Values in one body: more than a context of token ids has, fewer than would take long to check. */
const valueLimit = 2 ** 19

/** Keys of one object: twice those of the largest logit_bias. */
const keyLimit = 8192

// A byte-order mark before the text is taken off, as RFC 8259 allows.
const decoder = new TextDecoder('utf-8', { fatal: true })

/**
 * The JSON of a request's body. Beyond JSON.parse it refuses, with an ApiError of 400, what is not UTF-8, is nested too
 * deep, or has a key twice: two readers of such a body would see two requests.
 */
export function parseJson(bytes: Uint8Array): unknown {
  const text = decode(bytes)
  if (text.trim() === '') throw invalid('is empty, expected a JSON object')
  checkStructure(text)
  try {
    return JSON.parse(text)
  } catch (error) {
    throw invalid(`is not JSON: ${(error as Error).message.slice(0, 200)}`)
  }
}

function decode(bytes: Uint8Array): string {
  try {
    return decoder.decode(bytes)
  } catch {
    throw invalid('is not UTF-8, expected JSON in UTF-8')
  }
}

/** Goes through the text without recursion. What is not JSON passes, or is refused for the wrong reason. */
function checkStructure(text: string): void {
  // The keys of every open object; null for an open array.
  const open: (Set<string> | null)[] = []
  let keyNext = false
  let values = 0
  for (let at = 0; at < text.length; at++) {
    const char = text[at]
    if (char === '"') {
      const end = stringEnd(text, at)
      if (keyNext) checkKey(text.slice(at, end), open.at(-1)!)
      keyNext = false
      at = end - 1
    } else if (char === '{' || char === '[') {
      open.push(char === '{' ? new Set() : null)
      keyNext = char === '{'
      if (open.length > depthLimit) throw invalid(`is nested more than ${depthLimit} levels deep`)
    } else if (char === '}' || char === ']') {
      open.pop()
    } else if (char === ',') {
      keyNext = (open.at(-1) ?? null) !== null
      if (++values > valueLimit) throw invalid(`has more than ${valueLimit} values`)
    }
  }
}

/** Just behind the closing quote, or the end of the text. */
function stringEnd(text: string, start: number): number {
  for (let at = start + 1; at < text.length; at++) {
    if (text[at] === '\\') at++
    else if (text[at] === '"') return at + 1
  }
  return text.length
}

function checkKey(quoted: string, seen: Set<string>): void {
  const key = keyOf(quoted)
  if (seen.has(key)) throw invalid(`has the key ${shortened(key)} twice in one object`)
  // Nothing that copies keys from object to object can then be led to a prototype.
  if (key === '__proto__') throw invalid('has the key "__proto__", which no field is called')
  if (seen.add(key).size > keyLimit) throw invalid(`has an object of more than ${keyLimit} keys`)
}

/** An escape can spell a key in another way. One that is not JSON is left to JSON.parse. */
function keyOf(quoted: string): string {
  try {
    return quoted.includes('\\') ? (JSON.parse(quoted) as string) : quoted.slice(1, -1)
  } catch {
    return quoted
  }
}

function invalid(what: string): ApiError {
  return invalidRequestError(`the body ${what}`)
}
