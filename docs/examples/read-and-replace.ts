import { capture, decode, run, type Model, type Program } from '@tramontane/core'

/** Reads the heads of a layer; then the probability of " Paris", as the model is and with one head silent. */
export async function readAndReplace(program: Program, { tokenizer, config }: Model): Promise<number[]> {
  const tokens = tokenizer.encode('The capital of France is')

  // Read: any name of the table, `*` for every layer. [T, H·d]: the heads lie side by side.
  const values = await capture(program, tokens, ['layers.23.attention', 'blocks.*.hook_resid_post'])
  const attention = values.get('layers.23.attention')!
  const [T, columns] = attention.shape

  // Replace: a value is data of the node's shape, here the last row with zeros for head 4.
  const data = decode(attention).slice((T - 1) * columns)
  data.fill(0, 4 * config.headDim, 5 * config.headDim)
  const overrides = [{ node: 'kqv_out-23', value: { dtype: 'F64', shape: [1, columns], data } }] as const

  // Fork before patching: the past is shared, and `sequence` never sees the patch.
  const sequence = program.open(T)
  await run(program, [{ sequence, tokens: tokens.subarray(0, -1), logits: 'none' }])
  const fork = sequence.fork()
  const feed = { tokens: tokens.subarray(-1), logits: 'last' } as const
  const silent = await run(program, [{ sequence: fork, ...feed }], { overrides })
  const plain = await run(program, [{ sequence, ...feed }])

  const [Paris] = tokenizer.encode(' Paris')
  return [plain, silent].map((outputs) => {
    const logits = decode(outputs.get('logits')!)
    return 1 / logits.reduce((sum, logit) => sum + Math.exp(logit - logits[Paris]), 0)
  })
}
