// Is the file that llama.cpp computes with the model of the goldens? Asked before anything is timed.
import { LlamaChatSession } from 'node-llama-cpp'
import { readGolden, texts } from './golden.mjs'

/**
 * Logits lie between 10 and 30. Q8_0 and sums of 8-bit products move them by some hundredths, so a choice that is
 * closer than this says nothing.
 */
const margin = 0.1
/** With rows of q and k left as they were, a quarter agrees; with RoPE's base wrong, 83 %. */
const least = 0.95
const [question, expected] = ['What is the capital of France?', 'Paris']

/** What was found; throws where the file isn't the model. Greedy throughout. */
export async function judge(model, threads) {
  const goldens = texts.map(readGolden)
  for (const golden of goldens) checkTokens(model, golden)
  const counts = { positions: 0, decidable: 0, agreed: 0 }
  for (const golden of goldens) {
    const found = await choices(model, threads, golden.tokens)
    const decidable = golden.best.map((_, i) => i).filter((i) => golden.lead[i] > margin)
    counts.positions += golden.tokens.length
    counts.decidable += decidable.length
    counts.agreed += decidable.filter((i) => found[i] === golden.best[i]).length
  }
  const share = `${counts.agreed} of ${counts.decidable}`
  if (counts.agreed < least * counts.decidable)
    throw new Error(
      `likeliest next tokens: ${share} are the goldens', expected ${least * 100} %: the GGUF is another model`,
    )
  return { ...counts, margin, texts, question, answer: await answer(model, threads) }
}

/** The file's tokenizer is the goldens'. */
function checkTokens(model, { name, text, tokens }) {
  const found = model.tokenize(text)
  const at = tokens.findIndex((token, i) => token !== found[i])
  if (at >= 0) throw new Error(`text ${name}, token ${at}: expected ${tokens[at]}, found ${found[at]}`)
  if (found.length > tokens.length)
    throw new Error(`text ${name}: expected ${tokens.length} tokens, found ${found.length}`)
}

/** The likeliest token after each of some tokens. */
async function choices(model, threads, tokens) {
  const context = await model.createContext({ sequences: 1, contextSize: tokens.length + 1, threads })
  const next = { generateNext: { token: true, options: { temperature: 0 } } }
  const found = await context.getSequence().controlledEvaluate(tokens.map((token) => [token, next]))
  await context.dispose()
  return found.map((output) => output.next.token)
}

/** By the chat template that the file brings. */
async function answer(model, threads) {
  const context = await model.createContext({ sequences: 1, contextSize: 512, threads })
  const session = new LlamaChatSession({ contextSequence: context.getSequence() })
  const said = await session.prompt(question, { maxTokens: 24, temperature: 0 })
  await context.dispose()
  if (!said.includes(expected)) throw new Error(`${question}: expected ${expected}, found ${JSON.stringify(said)}`)
  return said
}
