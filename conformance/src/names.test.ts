import { activations, matchActivations, reference, run, type Activation, type Tensor } from '@tramontane/core'
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { goldenPath, openModel } from './goldens.ts'

/** What transformers' modules and TransformerLens's hooks were seen to compute: name → activations of ours. */
interface Measured {
  readonly equal: Readonly<Record<string, readonly string[]>>
  readonly none: readonly string[]
}

const measured = (file: string): Measured => JSON.parse(readFileSync(goldenPath(`names/${file}.json`), 'utf8'))

const { graph, weights, close } = await openModel(goldenPath('tiny/full'))
const program = await reference().load(graph, weights)
await close()

describe.each([
  ['huggingFace', 'hugging-face'],
  ['transformerLens', 'transformer-lens'],
] as const)('%s', (vocabulary, file) => {
  const { equal, none } = measured(file)
  const names = activations(graph).flatMap((activation) =>
    activation[vocabulary].map((name): [string, Activation] => [name, activation]),
  )

  it('every name of the table was seen to be that activation', () => {
    expect(names.length).toBeGreaterThan(20)
    for (const [name, activation] of names) expect(equal[name], name).toContain(activation.name)
  })

  it('what was seen to be no activation is not in the table', () => {
    expect(none.length).toBeGreaterThan(0)
    const feeds = [{ sequence: program.open(1), tokens: Int32Array.of(1), logits: 'none' }] as const
    for (const name of none) expect(() => program.submit(feeds, { outputs: [name] }), name).toThrow(`output "${name}"`)
  })
})

it('every module of transformers that computes an activation has its name in the table', () => {
  const known = new Set(activations(graph).flatMap(({ huggingFace }) => huggingFace))
  expect(Object.keys(measured('hugging-face').equal).filter((name) => !known.has(name))).toEqual([])
})

const tokens = Int32Array.of(5, 17, 3, 90)
const read = async (outputs: readonly string[]): Promise<Map<string, Tensor>> => {
  const sequence = program.open(4)
  const values = await run(program, [{ sequence, tokens, logits: 'all' }], { outputs })
  sequence.close()
  return values
}

describe('reading', () => {
  it('gives the same value under every name, and the names that were asked', async () => {
    for (const { name, transformerLens, huggingFace, ggml } of activations(graph)) {
      const names = [name, ...transformerLens, ...huggingFace, ...ggml]
      const values = await read(names)
      expect([...values.keys()]).toEqual(names)
      for (const value of values.values()) expect(value).toBe(values.get(name))
    }
  })

  it('takes any name of what was asked for, and no other', async () => {
    const sequence = program.open(8)
    const pass = program.submit([{ sequence, tokens, logits: 'last' }], { outputs: ['blocks.1.attn.hook_pattern'] })
    const pattern = await pass.read('layers.1.attention.pattern')
    expect(pattern.shape).toEqual([4, 4, 4])
    expect(await pass.read('kq_soft_max-1', 0)).toBe(pattern)
    await expect(pass.read('lm_head')).rejects.toThrow('read "lm_head": it is not among the outputs of the pass')
    await expect(pass.read('lm_haed')).rejects.toThrow('read "lm_haed" is not an activation')
    sequence.close()
  })

  it('refuses before anything moves', () => {
    const sequence = program.open(8)
    const feeds = [{ sequence, tokens, logits: 'none' }] as const
    expect(() => program.submit(feeds, { outputs: ['blocks.2.hook_resid_pre'] })).toThrow(
      'output "blocks.2.hook_resid_pre" is beyond the model: it has 2 layers, from 0 to 1',
    )
    expect(sequence.length).toBe(0)
  })
})

it('a pattern of names fits one layer after another', () => {
  expect(matchActivations(graph, ['layers.*.output', 'l_out-*', 'logits', 'layers.1.*.residual'])).toEqual([
    'layers.0.output',
    'layers.1.output',
    'l_out-0',
    'l_out-1',
    'logits',
    'layers.1.attention.residual',
    'layers.1.mlp.residual',
  ])
})
