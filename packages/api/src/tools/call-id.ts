const characters = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'

/** Letters and digits of an id: what Mistral's formats take. */
const length = 9

/** A new one, at random. */
export function callId(): string {
  let id = ''
  while (id.length < length) {
    // Bytes of 248 and more would make some characters likelier than others.
    for (const byte of crypto.getRandomValues(new Uint8Array(2 * length))) {
      if (byte < 248 && id.length < length) id += characters[byte % characters.length]
    }
  }
  return id
}

/** The same one if it is of the form; else one made of its number among ids of other forms that a conversation has. */
export class CallIds {
  readonly #given: ReadonlySet<string>
  readonly #made = new Map<string, string>()
  #next = 0

  /** `ids`: all of the conversation. */
  constructor(ids: Iterable<string>) {
    this.#given = new Set(ids)
  }

  of(id: string): string {
    if (isCallId(id)) return id
    let made = this.#made.get(id)
    if (made === undefined) this.#made.set(id, (made = this.#new()))
    return made
  }

  /** One that no other has. */
  #new(): string {
    for (;;) {
      const id = String(this.#next++).padStart(length, '0')
      if (!this.#given.has(id)) return id
    }
  }
}

function isCallId(id: string): boolean {
  return /^[a-zA-Z0-9]{9}$/.test(id)
}
