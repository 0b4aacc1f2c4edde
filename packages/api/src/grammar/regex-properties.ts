import { codePoints, type CodePoints, type Range } from './code-points.ts'

/** Each takes some milliseconds, for it is asked of every code point. */
export const mostProperties = 5

/** The properties of Unicode that one pattern names, as the platform knows them. */
export class Properties {
  #texts: readonly Text[] | undefined
  readonly #known = new Map<string, CodePoints>()

  /** The code points of \p{name}; undefined where the platform knows no such property, or they are too many. */
  get(name: string): CodePoints | undefined {
    const known = this.#known.get(name)
    if (known || this.#known.size === mostProperties) return known
    const [all, none] = [whole(`\\p{${name}}`), whole(`\\P{${name}}`)]
    if (!all || !none) return undefined
    this.#texts ??= everyCharacter()
    const found = codePoints(this.#texts.flatMap((text) => rangesIn(text, 0, text.length, all, none)))
    this.#known.set(name, found)
    return found
  }
}

/** Characters in order, all of the same width. */
interface Text {
  readonly first: number
  readonly length: number
  /** UTF-16 units of each. */
  readonly width: number
  readonly units: string
}

/** Most pieces are all in or all out, which a single test tells; others are cut in 16. */
function rangesIn(text: Text, from: number, to: number, all: RegExp, none: RegExp): Range[] {
  const piece = text.units.slice(from * text.width, to * text.width)
  if (none.test(piece)) return []
  if (all.test(piece)) return [{ from: text.first + from, to: text.first + to - 1 }]
  const step = Math.ceil((to - from) / 16)
  const ranges: Range[] = []
  for (let at = from; at < to; at += step) ranges.push(...rangesIn(text, at, Math.min(at + step, to), all, none))
  return ranges
}

function whole(escape: string): RegExp | undefined {
  try {
    return new RegExp(`^${escape}*$`, 'u')
  } catch {
    return undefined
  }
}

/** All code points but surrogates. */
function everyCharacter(): Text[] {
  const planes = Array.from({ length: 16 }, (_, i) => [(i + 1) << 16, ((i + 2) << 16) - 1] as const)
  const spans: readonly (readonly [number, number])[] = [[0, 0xd7ff], [0xe000, 0xffff], ...planes]
  return spans.map(([first, last]) => {
    const length = last - first + 1
    const width = first > 0xffff ? 2 : 1
    const units = new Uint16Array(length * width)
    for (let point = first, i = 0; point <= last; point++) {
      if (width === 2) units[i++] = 0xd800 + ((point - 0x10000) >> 10)
      units[i++] = width === 2 ? 0xdc00 + ((point - 0x10000) & 0x3ff) : point
    }
    return { first, length, width, units: new TextDecoder('utf-16le').decode(units) }
  })
}
