/** A symbol of a text while it is merged: where it ends, and its neighbours by the place where they start; −1 for none. */
interface Symbols {
  readonly end: Int32Array
  readonly next: Int32Array
  readonly previous: Int32Array
}

interface Candidate {
  readonly score: number
  /** Where the left symbol starts, where the right one does and where it ended when this was found. */
  readonly left: number
  readonly right: number
  readonly end: number
}

/**
 * SentencePiece's byte-pair merging: of all neighbours whose joined text has a score, those with the highest are joined,
 * the leftmost first among equals. (bpe_model.cc. A list of ranked pairs, as in tokenizer.json, cannot say the latter.)
 * `starts` has the first position of every symbol of `text`; `scoreOf` of a text that is no piece is undefined; `frozen`
 * are symbols that never join. Gives the texts of the symbols that are left.
 */
export function mergePieces(
  text: string,
  starts: readonly number[],
  scoreOf: (text: string) => number | undefined,
  frozen: ReadonlySet<number>,
): string[] {
  const { end, next, previous } = chain(text, starts)
  const queue = new Heap()
  const offer = (left: number): void => {
    const right = left < 0 ? -1 : next[left]
    if (right < 0 || frozen.has(left) || frozen.has(right)) return
    const score = scoreOf(text.slice(left, end[right]))
    if (score !== undefined) queue.push({ score, left, right, end: end[right] })
  }
  for (const start of starts) offer(start)
  for (let best = queue.pop(); best !== undefined; best = queue.pop()) {
    // One of the two has been joined with another meanwhile.
    if (next[best.left] !== best.right || end[best.right] !== best.end) continue
    end[best.left] = best.end
    next[best.left] = next[best.right]
    if (next[best.right] >= 0) previous[next[best.right]] = best.left
    next[best.right] = -2
    offer(previous[best.left])
    offer(best.left)
  }
  return starts.filter((start) => next[start] !== -2).map((start) => text.slice(start, end[start]))
}

function chain(text: string, starts: readonly number[]): Symbols {
  const [end, next, previous] = [0, 1, 2].map(() => new Int32Array(text.length))
  starts.forEach((start, i) => {
    end[start] = starts[i + 1] ?? text.length
    next[start] = starts[i + 1] ?? -1
    previous[start] = starts[i - 1] ?? -1
  })
  return { end, next, previous }
}

/** A binary heap: the highest score on top, the leftmost among equals. */
class Heap {
  readonly #items: Candidate[] = []

  push(item: Candidate): void {
    const items = this.#items
    let at = items.push(item) - 1
    while (at > 0 && before(item, items[(at - 1) >> 1])) {
      items[at] = items[(at - 1) >> 1]
      at = (at - 1) >> 1
    }
    items[at] = item
  }

  pop(): Candidate | undefined {
    const items = this.#items
    const top = items[0]
    const last = items.pop()
    if (last === undefined || items.length === 0) return top
    let at = 0
    for (let child = 1; child < items.length; child = 2 * at + 1) {
      if (child + 1 < items.length && before(items[child + 1], items[child])) child++
      if (!before(items[child], last)) break
      items[at] = items[child]
      at = child
    }
    items[at] = last
    return top
  }
}

function before(a: Candidate, b: Candidate): boolean {
  return a.score > b.score || (a.score === b.score && a.left < b.left)
}
