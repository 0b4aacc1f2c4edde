import fc from 'fast-check'
import type { Tokenizer } from '@tramontane/core'
import { describe, expect, it } from 'vitest'
import { choiceText, type ChoiceEvent, type ChoiceTextOptions } from './choice-text.ts'
import {
  all,
  mistral,
  passage,
  recorded,
  smollm2,
  spelled,
  tokenizers,
  type RecordedOptions,
} from './recorded.fixture.ts'
import type { TextToken } from './text-token.ts'
import { TokenText } from './token-text.ts'

type Told = Partial<ChoiceTextOptions> & RecordedOptions

/** What is shown of these tokens, and how far the generation was read. */
async function shown(tokenizer: Tokenizer, ids: readonly number[], told: Told = {}) {
  const generation = recorded(
    ids.map((token) => ({ token })),
    told,
  )
  const options = { tokenizer, stop: [], end: [], continues: false, ...told }
  const events = await all(choiceText(generation, options))
  const texts = events.flatMap((event) => (event.type === 'text' ? [event] : []))
  const tokens: TextToken[] = texts.flatMap(({ tokens }) => tokens)
  return {
    generation,
    events,
    pieces: texts.map(({ text }) => text),
    content: texts.map(({ text }) => text).join(''),
    tokens,
    bytes: Buffer.concat(tokens.map(({ bytes }) => bytes)),
    end: events.at(-1) as ChoiceEvent & { type: 'end' },
  }
}

/** Half a surrogate pair becomes U+FFFD. */
const whole = (text: string): string => Buffer.from(text).toString()
const isWhole = (text: string): boolean => whole(text) === text

/** The whole characters of all tokens' bytes, by TextDecoder. */
function unrestricted(tokenizer: Tokenizer, ids: readonly number[], continues: boolean): string {
  const bytes = Buffer.concat(ids.map((id) => tokenizer.bytes(id)))
  const text = new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes, { stream: true })
  return !continues && tokenizer.stripsLeadingSpace && text.startsWith(' ') ? text.slice(1) : text
}

/** By search: where the stop string begins that ends first. */
function cutAt(text: string, stops: readonly string[]): number | undefined {
  const found = stops.map((stop) => ({ from: text.indexOf(stop), to: text.indexOf(stop) + stop.length }))
  return found.filter(({ from }) => from >= 0).sort((a, b) => a.to - b.to || a.from - b.from)[0]?.from
}

/** The longest end of a text that is a beginning of a stop string. */
function beginning(text: string, stops: readonly string[]): string {
  const ends = Array.from({ length: text.length + 1 }, (_, i) => text.slice(i)).filter(isWhole)
  return ends.find((end) => stops.some((stop) => stop.startsWith(end))) ?? ''
}

/** Stop strings of the text itself, and others that only begin like it. */
const stopsOf = (text: string): fc.Arbitrary<string[]> => {
  const inside = fc
    .tuple(fc.nat(text.length), fc.integer({ min: 1, max: 8 }))
    .map(([from, length]) => whole(text.slice(from, from + length)))
  const near = fc.tuple(inside, fc.constantFrom('', 'a', 'é', '🙂', 'Z')).map(([begun, rest]) => begun + rest)
  return fc
    .array(
      fc.oneof(
        near,
        passage.filter((stop) => stop.length > 3),
      ),
      { maxLength: 16 },
    )
    .map((stops) => stops.filter(Boolean))
}

describe.each(tokenizers)('choiceText, %s', (_, tokenizer) => {
  const example = spelled(tokenizer).chain((spelled) =>
    fc.record({ spelled: fc.constant(spelled), stop: stopsOf(spelled.text), continues: fc.boolean() }),
  )

  it('shows the text up to the first stop string, and cancels there', async () => {
    await fc.assert(
      fc.asyncProperty(example, async ({ spelled: { ids }, stop, continues }) => {
        const { content, end, generation, bytes, pieces } = await shown(tokenizer, ids, { stop, continues })
        const text = unrestricted(tokenizer, ids, continues)
        const cut = cutAt(text, stop)
        expect(content).toBe(text.slice(0, cut))
        expect(end.reason).toBe(cut === undefined ? 'length' : 'stop')
        expect(generation.cancelled).toBe(true)
        // The prompt, as many tokens as were needed, and the end where it came to that.
        expect(generation.read).toBe(1 + end.generated + (cut === undefined ? 1 : 0))
        expect(bytes).toEqual(Buffer.from(content))
        for (const piece of pieces) expect(isWhole(piece)).toBe(true)
        expect(pieces.join('')).not.toContain('\ufffd')
        for (const one of stop) expect(content).not.toContain(one)
      }),
      { seed: 5, numRuns: 600 },
    )
  })

  it('shows after each token all but the longest end that may become a stop string or a character', () => {
    fc.assert(
      fc.property(example, ({ spelled: { ids }, stop, continues }) => {
        const text = new TokenText({ tokenizer, stop, end: [], continues })
        let content = ''
        for (const [i, token] of ids.entries()) {
          content += text.push({ token }).text
          const before = unrestricted(tokenizer, ids.slice(0, i + 1), continues)
          const cut = cutAt(before, stop)
          expect(text.stopped).toBe(cut !== undefined)
          expect(content).toBe(before.slice(0, cut ?? before.length - beginning(before, stop).length))
          if (text.stopped) return
        }
        expect(content + text.end().text).toBe(unrestricted(tokenizer, ids, continues))
      }),
      { seed: 6, numRuns: 600 },
    )
  })

  it('takes any tokens as TextDecoder takes their bytes, but drops half a character at the end', async () => {
    const id = fc.oneof(fc.nat(tokenizer.size - 1), fc.nat(270))
    await fc.assert(
      fc.asyncProperty(fc.array(id, { maxLength: 40 }), fc.boolean(), async (ids, continues) => {
        const { content, bytes, tokens, end } = await shown(tokenizer, ids, { continues })
        expect(content).toBe(unrestricted(tokenizer, ids, continues))
        expect(bytes.toString()).toBe(content)
        expect(tokens.map(({ token }) => token)).toEqual(ids)
        expect(end.generated).toBe(ids.length)
      }),
      { seed: 7, numRuns: 600 },
    )
  })

  it('says before which character each token stands', async () => {
    const id = fc.oneof(fc.nat(tokenizer.size - 1), fc.nat(270))
    const any = fc.oneof(
      spelled(tokenizer).map(({ ids }) => ids),
      fc.array(id, { maxLength: 40 }),
    )
    await fc.assert(
      fc.asyncProperty(any, fc.boolean(), async (ids, continues) => {
        const { tokens, bytes: all } = await shown(tokenizer, ids, { continues })
        let start = 0
        for (const { at, bytes } of tokens) {
          if (bytes.length === 0) continue
          // As many characters as begin up to the token's first byte, less the one that holds it.
          const begun = new TextDecoder('utf-8', { ignoreBOM: true }).decode(all.subarray(0, start + 1))
          expect(at).toBe([...begun].length - 1)
          start += bytes.length
        }
      }),
      { seed: 8, numRuns: 500 },
    )
  })
})

const ids = (text: string): number[] => [...smollm2.encode(text)]
const texts = (tokens: readonly TextToken[]): string[] => tokens.map(({ bytes }) => Buffer.from(bytes).toString())

describe('choiceText', () => {
  it('gives no text for the end token, and counts it', async () => {
    const tokens = ids('one two')
    // Any token may be told to end a text, also one that has bytes.
    const last = ids(' three')[0]!
    const { content, tokens: given, end } = await shown(smollm2, [...tokens, last], { end: [last], reason: 'stop' })
    expect(content).toBe('one two')
    expect(given.at(-1)).toEqual({ token: last, bytes: new Uint8Array(0), at: 7 })
    expect(end).toEqual({ type: 'end', reason: 'stop', generated: tokens.length + 1 })
  })

  it('gives no text for control tokens, and puts characters around them together', async () => {
    const control = smollm2.control.get('<|im_start|>')!
    const [first, ...rest] = ids('𓀀')
    const { content, tokens } = await shown(smollm2, [first!, control, ...rest])
    expect(content).toBe('𓀀')
    expect(tokens.map(({ token }) => token)).toEqual([first, control, ...rest])
    expect(tokens[1]).toMatchObject({ control: '<|im_start|>', bytes: new Uint8Array(0) })
  })

  it('cuts the token in which a stop string begins, and leaves out those after', async () => {
    const tokens = ids('Hello world')
    expect(tokens).toHaveLength(2)
    const { content, tokens: given } = await shown(smollm2, tokens, { stop: ['lo wor'] })
    expect(content).toBe('Hel')
    expect(texts(given)).toEqual(['Hel'])
    expect(texts((await shown(smollm2, tokens, { stop: [' wor'] })).tokens)).toEqual(['Hello'])
  })

  it('cuts a token also where it stands among the likeliest', async () => {
    const tokens = ids('Hello world').map((token) => ({ token, logprob: -1, likeliest: [{ token, logprob: -1 }] }))
    const options = { tokenizer: smollm2, stop: ['lo wor'], end: [], continues: false }
    const events = await all(choiceText(recorded(tokens), options))
    const [cut] = events.flatMap((event) => (event.type === 'text' ? event.tokens : []))
    expect(Buffer.from(cut!.likeliest![0]!.bytes).toString()).toBe('Hel')
    const last = ids(' three')[0]!
    const ended = recorded([{ token: last, logprob: -1, likeliest: [{ token: last, logprob: -1 }] }], {
      reason: 'stop',
    })
    const [, end] = await all(choiceText(ended, { ...options, end: [last] }))
    expect(end).toMatchObject({ tokens: [{ bytes: new Uint8Array(0), likeliest: [{ bytes: new Uint8Array(0) }] }] })
  })

  it('keeps a control token that stands right before a stop string, and none within', async () => {
    const control = smollm2.control.get('<|im_start|>')!
    const tokens = [...ids('Hello'), control, ...ids(' wor'), control, ...ids('ld')]
    const { tokens: given } = await shown(smollm2, tokens, { stop: [' world'] })
    expect(given.map(({ token }) => token)).toEqual([...ids('Hello'), control])
  })

  it('cancels at a stop string before it tells of it', async () => {
    const generation = recorded(
      ids('one two three').map((token) => ({ token })),
      { hangs: true },
    )
    for await (const event of choiceText(generation, {
      tokenizer: smollm2,
      stop: ['two'],
      end: [],
      continues: false,
    })) {
      if (event.type === 'end') expect(generation.cancelled).toBe(true)
    }
  })

  it('strips one space in front of a chat, also from what else could have been drawn there', async () => {
    const [hello] = mistral.encode('Hello')
    const end = mistral.control.get('</s>')!
    const likeliest = [
      { token: hello!, logprob: -1 },
      { token: end, logprob: -3 },
    ]
    const drawn = { token: hello!, logprob: -1, likeliest }
    const options = { tokenizer: mistral, stop: [], end: [], continues: false }
    const events = await all(choiceText(recorded([drawn, drawn]), options))
    const [first, second] = events.flatMap((event) => (event.type === 'text' ? [event] : []))
    expect([first!.text, second!.text]).toEqual(['Hello', ' Hello'])
    const named = ({ likeliest = [] }: TextToken) => likeliest.map(({ bytes }) => Buffer.from(bytes).toString())
    expect([...first!.tokens, ...second!.tokens].map(named)).toEqual([
      ['Hello', ''],
      [' Hello', ''],
    ])
    expect(first!.tokens[0]!.likeliest![1]).toEqual({ ...likeliest[1], bytes: new Uint8Array(0), control: '</s>' })
  })

  it('strips no second space', async () => {
    const ids = Array.from({ length: mistral.size }, (_, id) => id)
    const space = ids.find((id) => mistral.bytes(id).length === 1 && mistral.bytes(id)[0] === 0x20)!
    expect((await shown(mistral, [space, space])).content).toBe(' ')
    expect((await shown(mistral, [space, space], { continues: true })).content).toBe('  ')
  })

  it('looks for stop strings in the text that is shown', async () => {
    const [hello] = mistral.encode('Hello')
    expect((await shown(mistral, [hello!], { stop: [' Hello'] })).content).toBe('Hello')
    expect((await shown(mistral, [hello!], { stop: [' Hello'], continues: true })).content).toBe('')
    // A stop string that is the character for broken bytes.
    const broken = smollm2.bytes(ids('𓀀')[0]!)
    expect(new TextDecoder().decode(broken)).toBe('\ufffd')
    expect((await shown(smollm2, [...ids('a'), ids('𓀀')[0]!, ...ids('b')], { stop: ['\ufffd'] })).content).toBe('a')
  })

  it('passes on what is said of the prompt', async () => {
    const prompt = [null, { token: 5, logprob: -2 }]
    const { events } = await shown(smollm2, [], { cached: 3, prompt })
    expect(events).toEqual([
      { type: 'start', cached: 3, prompt },
      { type: 'end', reason: 'length', generated: 0 },
    ])
  })

  it('is done with the generation at once when it is returned, also while nothing comes', async () => {
    const generation = recorded([], { hangs: true })
    const events = choiceText(generation, { tokenizer: smollm2, stop: [], end: [], continues: false })
    await events.next()
    const pending = events.next()
    await Promise.all([expect(pending).rejects.toThrow('cancelled before its end'), events.return(undefined)])
    expect(generation.cancelled).toBe(true)
  })

  it('is done with a generation of which nothing was read', async () => {
    const generation = recorded(ids('abc').map((token) => ({ token })))
    await choiceText(generation, { tokenizer: smollm2, stop: [], end: [], continues: false }).return(undefined)
    expect(generation.cancelled).toBe(true)
    expect(generation.read).toBe(0)
  })

  it('throws what the generation throws, and cancels for a token that there is not', async () => {
    const error = new Error('the pass failed')
    await expect(shown(smollm2, ids('abc'), { error })).rejects.toThrow(error)
    await expect(shown(smollm2, [smollm2.size])).rejects.toThrow('outside the vocabulary')
  })

  it('works through a long text with long stop strings in no time', async () => {
    const [a] = ids('a')
    const stop = Array.from({ length: 16 }, (_, i) => 'a'.repeat(999 - i) + '!')
    const began = performance.now()
    const { content } = await shown(smollm2, new Array<number>(20_000).fill(a!), { stop })
    expect(content).toBe('a'.repeat(20_000))
    expect(performance.now() - began).toBeLessThan(5_000)
  })
})
