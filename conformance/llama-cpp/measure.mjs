// What `tramontane bench` measures, the same way: see packages/cli/src/bench/plan.ts and docs/benchmarks.md.
import { readGolden } from './golden.mjs'

/** What the plan asks for, in the words of `tramontane bench`. */
export function casesOf({ prompt, generate, depth, batch }) {
  return [
    { kind: 'generate', tokens: generate, depth: 0 },
    ...(batch > 1 ? [{ kind: 'generate', tokens: generate, depth: 0, batch }] : []),
    { kind: 'prompt', tokens: prompt, depth: 0 },
    ...(depth > 0 ? [{ kind: 'generate', tokens: generate, depth }] : []),
  ]
}

export function caseName({ kind, tokens, depth, batch }) {
  const [count, past] = [tokens, depth].map((n) => n.toLocaleString('en-US'))
  if (kind === 'prompt') return `prompt ${count}`
  return `generate ${count} at ${past}${batch === undefined ? '' : `, batch ${batch}`}`
}

/**
 * Seconds of each repetition, after one that does not count. A context of its own for each case, with as much room as
 * the case needs; the past is fed once and what was generated behind it taken away again.
 */
export async function measure(model, asked, { threads, repetitions }) {
  const { tokens, depth, batch = 1 } = asked
  const context = await model.createContext({ sequences: batch, contextSize: depth + tokens + 1, threads })
  try {
    const sequences = Array.from({ length: batch }, () => context.getSequence())
    const text = feed(depth + tokens)
    if (depth > 0)
      await Promise.all(sequences.map((one) => one.evaluateWithoutGeneratingNewTokens(text.slice(0, depth))))
    const seconds = []
    for (let i = 0; i <= repetitions; i++) {
      seconds.push(await once(sequences, text.slice(depth), asked.kind))
      await Promise.all(sequences.map((one) => cutBack(one, depth)))
    }
    checkThreads(context, threads)
    return { seconds: seconds.slice(1), chunk: context.batchSize, flashAttention: context.flashAttention }
  } finally {
    await context.dispose()
  }
}

/** `prompt`: all tokens are fed and one is drawn. `generate`: one is fed, then each one drawn; sequences in step. */
async function once(sequences, text, kind) {
  const start = performance.now()
  const [fed, steps] = kind === 'prompt' ? [text, 1] : [text.slice(0, 1), text.length]
  const options = { temperature: 0, yieldEogToken: true }
  const drawn = sequences.map((sequence) => sequence.evaluate(fed, options))
  for (let step = 0; step < steps; step++) {
    const results = await Promise.all(drawn.map((tokens) => tokens.next()))
    if (results.some(({ done }) => done)) throw new Error(`a sequence ended after ${step} tokens, expected ${steps}`)
  }
  const seconds = (performance.now() - start) / 1000
  await Promise.all(drawn.map((tokens) => tokens.return()))
  return seconds
}

async function cutBack(sequence, depth) {
  await sequence.eraseContextTokenRanges([{ start: depth, end: sequence.nextTokenIndex }])
  if (sequence.nextTokenIndex !== depth)
    throw new Error(`${sequence.nextTokenIndex} tokens are kept, expected ${depth}`)
}

function checkThreads(context, threads) {
  if (context.currentThreads !== threads)
    throw new Error(`llama.cpp computed with ${context.currentThreads} threads, expected ${threads}`)
}

/** A text over and over. */
function feed(length) {
  const { tokens } = readGolden('long')
  return Array.from({ length }, (_, i) => tokens[i % tokens.length])
}
