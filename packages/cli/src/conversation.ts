import {
  detokenizer,
  engine,
  InputError,
  type Chat,
  type Engine as Loop,
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

/** A chat whose keys and values stay with its engine: each turn feeds only what is new. */
export class Conversation {
  readonly #loop: Loop
  readonly #options: ConversationOptions
  readonly #chat: Chat
  readonly #tokenizer: Tokenizer
  readonly #end: readonly number[]
  #messages: Message[] = []

  constructor({ model, program }: Engine, options: ConversationOptions) {
    const { chat, tokenizer, refusal, name, config } = model
    if (refusal !== undefined) throw refusal
    if (tokenizer === null || chat === null) {
      throw new InputError(
        `${name}: expected a tokenizer and a chat template, found ${tokenizer ? 'no template' : 'no tokenizer'}`,
      )
    }
    this.#loop = engine(program, { context: config.context, slots: 1, queue: 0, kept: 1, lead: 1 })
    this.#options = options
    this.#chat = chat
    this.#tokenizer = tokenizer
    this.#end = config.end
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
    let answer = ''
    try {
      for await (const piece of this.#answer(messages, turn)) {
        answer += piece
        yield piece
      }
    } catch (error) {
      if (turn.signal?.aborted !== true) throw error
    }
    this.#messages = [...messages, { role: 'assistant', content: answer }]
  }

  async *#answer(messages: readonly Message[], turn: TurnOptions): AsyncGenerator<string> {
    const { maxTokens, sampling } = this.#options
    const speech = detokenizer(this.#tokenizer)
    const limit = maxTokens === undefined ? {} : { maxTokens }
    const prompt = this.#chat.encode(messages)
    const [generation] = this.#loop.submit([{ prompt, sampling, end: this.#end, ...limit, ...turn }])
    for await (const event of generation) {
      if (event.type === 'token' && !this.#end.includes(event.token)) yield speech.push(event.token)
    }
    yield speech.end()
  }

  close(): Promise<void> {
    return this.#loop.close()
  }
}
