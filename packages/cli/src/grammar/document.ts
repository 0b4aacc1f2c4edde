import { Judge, type Judgement, type Pushdown } from '@tramontane/api/grammar'

/** Bytes shown before and behind the place where a document stops. */
const [before, behind] = [48, 24]

/** A document as it is read. Of its text only what stands around the place where it stops is kept. */
export class Document {
  readonly #judge: Judge
  #tail: Buffer = Buffer.alloc(0)
  #head: Buffer = Buffer.alloc(0)
  #isStopped = false

  constructor(automaton: Pushdown) {
    this.#judge = new Judge(automaton)
  }

  read(bytes: Uint8Array): void {
    if (this.#isStopped) return
    const start = this.#judge.at
    this.#isStopped = !this.#judge.read(bytes)
    const possible = this.#judge.at - start
    this.#tail = Buffer.concat([this.#tail, bytes.subarray(Math.max(0, possible - before), possible)]).subarray(-before)
    this.#head = Buffer.from(bytes.subarray(possible, possible + behind))
  }

  judgement(): Judgement {
    return this.#judge.judgement()
  }

  /** What stands before and behind the place where it stops, in characters that a terminal can show. */
  around(): { readonly before: string; readonly behind: string } {
    return { before: shown(this.#tail), behind: shown(this.#head) }
  }
}

/** Control characters could move the caret, or do worse to a terminal. */
function shown(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes).replace(/\p{C}/gu, '·')
}
