import type { Candidates, Drawn, Feed, Sequence } from '../backend.ts'
import { InputError } from '../errors.ts'
import { tokenLogprobs } from '../logprobs.ts'
import { choose, chooseFrom, type Sampling } from '../sample.ts'
import type { DrawnToken, Generation, GenerationEvent, GenerationRequest } from './generation.ts'
import { Mailbox } from './mailbox.ts'
import type { Held } from './prefixes.ts'

/** What one pass does for one run: tokens [from, from + count) of its prompt and text. */
export interface Part {
  readonly run: Run
  readonly from: number
  readonly count: number
  /** A token is drawn after the last of them. */
  readonly draws: boolean
  readonly feed: Feed
}

/** What a pass has for a part: the token that follows, or the likeliest ones, or rows of logits. */
export interface Found {
  readonly token?: number
  readonly candidates?: Candidates
  readonly rows: readonly Float64Array[]
}

/** What a run tells its engine. */
export interface Listener {
  /** A token was taken by a reader who had fallen behind, or the reader waits: there may be something to do. */
  read(run: Run): void
  cancel(run: Run): void
}

/** Prompt tokens of one pass whose logits are all wanted: each is a row of the whole vocabulary. */
const rowsAtOnce = 16

/** One generation on its way: what was fed, what was drawn, what was read. */
export class Run implements Generation {
  readonly request: GenerationRequest
  readonly owner: string
  readonly maxTokens: number
  /** Bytes of keys and values that it may come to hold. */
  readonly reserved: number
  readonly released: Promise<void>
  readonly generated: number[] = []
  ended = false
  sequence: Sequence | undefined
  /** Tokens of the prompt that were there already. */
  cached = 0
  /** Tokens of prompt and text whose passes were submitted, and those whose passes have ended. */
  fed = 0
  settled = 0
  readonly #events: Mailbox<GenerationEvent>
  readonly #promptLogprobs: (DrawnToken | null)[] = [null]
  readonly #end: ReadonlySet<number>
  #letGo!: () => void
  #base = 0
  /** Tokens drawn or being drawn. */
  #draws = 0
  #drawn: Drawn | undefined
  #read = 0
  #timer: ReturnType<typeof setTimeout> | undefined

  constructor(request: GenerationRequest, maxTokens: number, reserved: number, listener: Listener) {
    this.request = request
    this.owner = request.owner ?? ''
    this.maxTokens = maxTokens
    this.reserved = reserved
    this.#end = new Set(request.end)
    this.released = new Promise((resolve) => (this.#letGo = resolve))
    const read = (event: GenerationEvent) => {
      if (event.type === 'token') this.#read++
      this.#resume()
      listener.read(this)
    }
    const leave = () => {
      listener.cancel(this)
      this.#takeBackUnread()
    }
    this.#events = new Mailbox(read, leave)
    this.cancel = leave
  }

  readonly cancel: () => void;

  [Symbol.asyncIterator](): AsyncIterator<GenerationEvent> {
    return this.#events
  }

  get prefilling(): boolean {
    return this.fed < this.request.prompt.length
  }

  get unread(): number {
    return this.#events.unread
  }

  /** How many of the likeliest tokens are enough to draw one; 0 where that is the likeliest; Infinity where all count. */
  get candidates(): number {
    const { sampling = {}, logprobs, constraint } = this.request
    const { temperature = 0, topK = 0 } = sampling
    if (logprobs !== undefined || constraint !== undefined || !isPlain(sampling)) return Infinity
    return temperature === 0 ? 0 : topK || Infinity
  }

  /** The tokens that its sequence holds for sure, once the passes submitted so far have run. */
  get held(): Held | undefined {
    if (this.sequence === undefined || this.request.sequence !== undefined) return undefined
    const known = Math.min(this.fed, this.request.prompt.length + this.generated.length)
    return { owner: this.owner, sequence: this.sequence, tokens: this.#tokens(known) }
  }

  /** Begins on a sequence that already holds the first tokens of the prompt. */
  start(sequence: Sequence, cached: number): void {
    this.sequence = sequence
    this.cached = this.fed = this.settled = cached
    this.#base = sequence.length - cached
  }

  /** What to feed next, of the prompt no more than `share` tokens; undefined while a token or the reader is waited for. */
  next(share: number): Part | undefined {
    const { prompt, promptLogprobs } = this.request
    if (this.prefilling) {
      const count = Math.min(prompt.length - this.fed, share, promptLogprobs ? rowsAtOnce : Infinity)
      const draws = this.fed + count === prompt.length && this.maxTokens > 0
      const tokens = prompt.subarray(this.fed, this.fed + count)
      return this.#part(tokens, count, draws, promptLogprobs ? 'all' : draws ? 'last' : 'none')
    }
    const index = this.fed - prompt.length
    if (this.#draws >= this.maxTokens) return undefined
    if (index < this.generated.length) return this.#part(Int32Array.of(this.generated[index]), 1, true, 'last')
    return this.#drawn && this.#part(this.#drawn, 1, true, 'last')
  }

  #part(tokens: Feed['tokens'], count: number, draws: boolean, logits: Feed['logits']): Part {
    return { run: this, from: this.fed, count, draws, feed: { sequence: this.sequence!, tokens, logits } }
  }

  /** The part is on its way; `drawn` is the token that its pass draws on the device. */
  submitted({ count, draws }: Part, drawn: Drawn | undefined): void {
    this.fed += count
    if (draws) this.#draws++
    this.#drawn = draws ? drawn : undefined
  }

  /** The part did not happen, for a reason that lies elsewhere. */
  takeBack({ from, draws }: Part): void {
    this.fed = from
    if (draws) this.#draws--
    this.#drawn = undefined
    this.sequence!.truncate(this.#base + from)
  }

  /** The part has run: draws a token from what it found, where the device has not. → why the text has ended */
  settle(part: Part, found: Found): 'stop' | 'length' | undefined {
    const { prompt, promptLogprobs, progress } = this.request
    this.settled = part.from + part.count
    if (part.from < prompt.length) {
      if (promptLogprobs) this.#promptRows(part, found.rows)
      progress?.(this.settled, prompt.length)
      if (this.settled < prompt.length) return undefined
      this.#events.write({ type: 'prompt', cached: this.cached, logprobs: promptLogprobs ? this.#promptLogprobs : [] })
    }
    if (!part.draws) return 'length'
    const token = this.#draw(found)
    this.generated.push(token.token)
    this.#events.write({ type: 'token', ...token })
    if (this.#end.has(token.token) || this.request.constraint?.isOver) return 'stop'
    return this.generated.length >= this.maxTokens ? 'length' : undefined
  }

  #draw({ token: drawn, candidates, rows }: Found): DrawnToken {
    if (drawn !== undefined) return { token: drawn }
    const { prompt, sampling = {}, logprobs, constraint } = this.request
    if (candidates !== undefined) return { token: chooseFrom(candidates, sampling, this.generated.length) }
    const logits = rows.at(-1)!
    const token = choose(logits, sampling, { prompt, generated: this.generated }, constraint?.mask())
    constraint?.accept(token)
    return logprobs === undefined ? { token } : { token, ...tokenLogprobs(logits, token, logprobs) }
  }

  #promptRows({ from }: Part, rows: readonly Float64Array[]): void {
    const { prompt, logprobs = 0 } = this.request
    rows.forEach((row, i) => {
      const token = prompt[from + i + 1]
      if (token !== undefined) this.#promptLogprobs.push({ token, ...tokenLogprobs(row, token, logprobs) })
    })
  }

  /** Waits for its reader, who is far behind; `fail` is called when that takes too long. */
  pause(patience: number, fail: (error: Error) => void): void {
    if (this.#timer !== undefined || patience === Infinity) return
    const error = new InputError(`the reader has taken nothing for ${patience} ms`)
    this.#timer = setTimeout(() => fail(error), patience)
  }

  #resume(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
  }

  /** Nothing was asked for but the prompt, and of that nothing is to be known. */
  answerNothing(): void {
    this.#events.write({ type: 'prompt', cached: 0, logprobs: [] })
    this.finish({ reason: 'length' })
  }

  /** The last event, or the error; none where the reader has left. */
  finish(outcome: { readonly reason: 'stop' | 'length' } | { readonly error: unknown } | undefined): void {
    this.ended = true
    this.#resume()
    if (outcome !== undefined && 'error' in outcome) this.#events.fail(outcome.error)
    else if (outcome !== undefined) this.#events.write({ type: 'end', reason: outcome.reason })
    this.#events.close()
    this.#letGo()
  }

  /**
   * Takes back what was fed in passes that have not ended, and may yet fail: what the sequence holds then is the prompt and
   * all generated tokens but the last.
   * → what it holds then; undefined where the sequence cannot go back so far
   */
  trim(): Held | undefined {
    const length = this.settled
    if (this.#base + length < this.sequence!.earliest) return undefined
    this.sequence!.truncate(this.#base + length)
    return { owner: this.owner, sequence: this.sequence!, tokens: this.#tokens(length) }
  }

  /** The caller's own sequence holds no token that the caller does not know. */
  #takeBackUnread(): void {
    const own = this.request.sequence
    if (own === undefined || this.sequence === undefined || this.#read >= this.generated.length) return
    const length = this.#base + Math.min(this.settled, this.request.prompt.length + Math.max(0, this.#read - 1))
    if (length < own.length && length >= own.earliest) own.truncate(length)
  }

  #tokens(length: number): Int32Array {
    const { prompt } = this.request
    return Int32Array.from({ length }, (_, i) => (i < prompt.length ? prompt[i] : this.generated[i - prompt.length]))
  }
}

/** No score is changed before tokens are weighed. */
function isPlain({ bias, repetitionPenalty = 1, frequencyPenalty = 0, presencePenalty = 0 }: Sampling): boolean {
  const unchanged = repetitionPenalty === 1 && frequencyPenalty === 0 && presencePenalty === 0
  return unchanged && (bias === undefined || bias.size === 0)
}
