/** One event of a stream of server-sent events. */
export interface StreamEvent {
  /** "message" where the stream names none. */
  readonly event: string
  readonly data: string
}

/** A stream of server-sent events, taken apart by the HTML Standard (§9.2.6), whatever pieces it comes in. */
export class EventStreamParser {
  /** Lines that begin with a colon. */
  readonly comments: string[] = []
  /** Names of fields that the standard does not know, and lines that are no field. */
  readonly unknown: string[] = []
  #rest = ''
  #started = false
  #event = ''
  #data: string[] = []

  /** The events that are complete with this piece. What is not ended by a blank line is none. */
  push(text: string): StreamEvent[] {
    this.#rest += text
    if (!this.#started && this.#rest !== '') {
      this.#started = true
      this.#rest = this.#rest.replace(/^\ufeff/, '')
    }
    const events: StreamEvent[] = []
    for (;;) {
      // A carriage return at the very end may be the first half of a line's end.
      const end = /\r\n|\n|\r(?!$)/.exec(this.#rest)
      if (end === null) return events
      const event = this.#line(this.#rest.slice(0, end.index))
      if (event !== undefined) events.push(event)
      this.#rest = this.#rest.slice(end.index + end[0].length)
    }
  }

  /** What came after the last line's end. */
  get rest(): string {
    return this.#rest
  }

  #line(line: string): StreamEvent | undefined {
    if (line === '') return this.#dispatch()
    const colon = line.indexOf(':')
    if (colon === 0) return void this.comments.push(line.slice(1))
    const name = colon < 0 ? line : line.slice(0, colon)
    const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '')
    if (name === 'data') this.#data.push(value)
    else if (name === 'event') this.#event = value
    else if (name !== 'id' && name !== 'retry') this.unknown.push(line)
    return undefined
  }

  #dispatch(): StreamEvent | undefined {
    const [data, event] = [this.#data, this.#event]
    this.#data = []
    this.#event = ''
    return data.length === 0 ? undefined : { event: event || 'message', data: data.join('\n') }
  }
}
