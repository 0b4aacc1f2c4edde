import {
  detokenizer,
  generate,
  InputError,
  type Chat,
  type Message,
  type Sampling,
  type Tokenizer,
} from '@tramontane/core'
import type { Engine } from './engine.ts'

export interface ConversationOptions {
  readonly maxTokens?: number
  readonly sampling: Sampling
  readonly system?: string
}

export interface TurnOptions {
  readonly signal?: AbortSignal
  readonly progress?: (fed: number, total: number) => void
}

/** A chat whose keys and values stay in one sequence: each turn feeds only what is new. */
export class Conversation {
  readonly #engine: Engine
  readonly #options: ConversationOptions
  readonly #chat: Chat
  readonly #tokenizer: Tokenizer
  #messages: Message[] = []
  /** The tokens that the sequence holds. */
  #held: number[] = []
  #sequence: ReturnType<Engine['program']['open']>

  constructor(engine: Engine, options: ConversationOptions) {
    const { chat, tokenizer, refusal, name, config } = engine.model
    if (refusal !== undefined) throw refusal
    if (tokenizer === null || chat === null) {
      throw new InputError(
        `${name}: expected a tokenizer and a chat template, found ${tokenizer ? 'no template' : 'no tokenizer'}`,
      )
    }
    this.#engine = engine
    this.#options = options
    this.#chat = chat
    this.#tokenizer = tokenizer
    this.#sequence = engine.program.open(config.context)
    this.reset()
  }

  /** Forgets all that was said. */
  reset(): void {
    const { system } = this.#options
    this.#messages = system === undefined ? [] : [{ role: 'system', content: system }]
  }

  /**
   * Yields the answer piece by piece. When the signal stops it, what was said so far stays in the conversation; when it
   * fails, the turn is forgotten.
   */
  async *say(text: string, turn: TurnOptions = {}): AsyncGenerator<string> {
    const messages: Message[] = [...this.#messages, { role: 'user', content: text }]
    const ids = this.#chat.encode(messages)
    const known = this.#rewind(ids)
    const generated: number[] = []
    let answer = ''
    try {
      for await (const piece of this.#answer(ids, known, generated, turn)) {
        answer += piece
        yield piece
      }
      this.#held = [...ids, ...generated].slice(0, this.#sequence.length)
    } catch (error) {
      this.#recover(ids, generated.length > 0 ? ids.length : known)
      if (turn.signal?.aborted !== true) throw error
    }
    this.#messages = [...messages, { role: 'assistant', content: answer }]
  }

  async *#answer(ids: Int32Array, known: number, generated: number[], turn: TurnOptions): AsyncGenerator<string> {
    const { model, program } = this.#engine
    const { maxTokens, sampling } = this.#options
    const speech = detokenizer(this.#tokenizer)
    const options = { sampling, end: model.config.end, ...(maxTokens === undefined ? {} : { maxTokens }), ...turn }
    for await (const { token } of generate(program, this.#sequence, ids.subarray(known), options)) {
      generated.push(token)
      if (!model.config.end.includes(token)) yield speech.push(token)
    }
    yield speech.end()
  }

  /** Takes back what the new prompt does not begin with; at least one token stays to be fed. */
  #rewind(ids: Int32Array): number {
    let known = 0
    while (known < ids.length - 1 && known < this.#held.length && ids[known] === this.#held[known]) known++
    if (known < this.#sequence.earliest) known = this.#restart()
    this.#sequence.truncate(known)
    this.#held.length = known
    return known
  }

  /** After a stopped or failed pass: back to a length that is surely sound. */
  #recover(ids: Int32Array, sound: number): void {
    if (sound < this.#sequence.earliest) sound = this.#restart()
    this.#sequence.truncate(Math.min(sound, this.#sequence.length))
    this.#held = [...ids.subarray(0, this.#sequence.length)]
  }

  #restart(): number {
    this.#sequence.close()
    this.#sequence = this.#engine.program.open(this.#engine.model.config.context)
    this.#held = []
    return 0
  }

  close(): void {
    this.#sequence.close()
  }
}
