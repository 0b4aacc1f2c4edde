import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough, Writable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { openSafetensors, reference, type Backend } from '@tramontane/core'
import { diskSource } from '@tramontane/core/disk'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { BenchDocument } from '../bench/document.ts'
import { measureLimits } from '../bench/limits.ts'
import { table } from '../bench/table.ts'
import { main } from '../main.ts'
import type { PresentBackend } from '../worker-backend.ts'
import { benchCommand } from './bench.ts'

const path = (relative: string) => fileURLToPath(new URL(`../../../../${relative}`, import.meta.url))
const tiny = path('conformance/goldens/tiny/full')

let scratch: string
beforeAll(async () => void (scratch = await mkdtemp(join(tmpdir(), 'tramontane-bench-'))))
afterAll(() => rm(scratch, { recursive: true }))

function entry(name: string, backend: Backend): PresentBackend {
  const start = async () => ({ backend, stop: async () => {} })
  return { name, start, threads: 1, chunk: 8, limits: async () => measureLimits(2 ** 20, 1e5) }
}

const honest = entry('<honest> & "fast"', reference())
/** Adds where it should multiply. */
const faulty = entry('faulty', {
  ...reference(),
  load(graph, weights) {
    const nodes = graph.nodes.map((node) => (node.op === 'mul' ? { ...node, op: 'add' as const } : node))
    return reference().load({ ...graph, nodes }, weights)
  },
})

async function call(backends: readonly PresentBackend[], ...argv: string[]) {
  const [out, err] = [[] as string[], [] as string[]]
  const into = (lines: string[]) =>
    new Writable({ decodeStrings: false, write: (text: string, _, done) => (lines.push(text), done()) })
  const io = { stdin: new PassThrough(), stdout: into(out), stderr: into(err) }
  const failure = await benchCommand(io, backends)
    .parseAsync(argv, { from: 'user' })
    .then(
      () => undefined,
      (error: Error) => error,
    )
  return { failure, out: out.join(''), err: err.join('') }
}

const short = ['--prompt', '20', '--generate', '4', '--depth', '0,end', '--batch', '3', '--repetitions', '2']
const twice = [entry('reference', reference()), honest]

describe('tables', () => {
  it('have a line for each case of each backend, under one heading', async () => {
    const { failure, out, err } = await call(twice, tiny, ...short)
    expect(failure).toBe(undefined)
    for (const name of ['generate 4 at 0', 'generate 4 at 0, batch 3', 'prompt 20', 'generate 4 at 60']) {
      expect(out.split('\n').filter((line) => line.startsWith(`  ${name}  `))).toHaveLength(2)
    }
    expect(out).toContain('reference: 1 thread, prompts in passes of 8 tokens; it defines what is right')
    expect(out).toMatch(/decidable positions agree with the reference/)
    const lines = out.split('\n')
    const heading = lines.findIndex((line) => line.endsWith('of arithmetic'))
    const widths = lines.slice(heading, heading + 4).map((line) => line.length)
    expect(widths).toEqual(Array(4).fill(widths[0]))
    expect(err).toContain('reference: measuring prompt 20, 1 of 2 (about ')
    expect(
      out.match(/^ {2}generate 4 at 0, batch 3: [\d.]+ times the tokens per second of one sequence$/gm),
    ).toHaveLength(2)
  })

  it('say what was not measured as asked', async () => {
    const { out } = await call(twice, tiny, '--prompt', '512', '--generate', '4', '--depth', '0', '--repetitions', '1')
    expect(out).toContain('note: prompt 512 is beyond the context of 64 tokens: measured at 64')
    expect(out).toMatch(/prompt 64 .* once /)
  })

  it('mark what was cut by the time, and say why something is missing', async () => {
    const { out } = await call(twice, tiny, ...short, '--json', '--backend', 'reference')
    const document = JSON.parse(out) as BenchDocument
    const [first, , second, third] = document.backends[0].results
    const cut = { ...first, measured: { tokens: 3, repetitions: 1 } }
    const once = { ...third, measured: { tokens: 4, repetitions: 1 } }
    const left = { ...second, measured: null, skipped: 'there was no time', tokensPerSecond: null, perToken: null }
    const lines = table({ ...document, backends: [{ ...document.backends[0], results: [cut, left, once] }] })
    expect(lines).toMatch(/^ {2}generate 4 at 0 † .* once /m)
    expect(lines).toContain('\n  † generate 4 at 0: 3 of 4 tokens, 1 of 2 repetitions\n')
    expect(lines).toContain('\n  prompt 20: not measured, there was no time\n')
    expect(lines).toContain('\n  † generate 4 at 60: 4 of 4 tokens, 1 of 2 repetitions\n')
  })
})

describe('JSON', () => {
  it('tells what TensorFlow.js computed with, as the table does', async () => {
    const about = { name: 'tfjs-node', version: '4.22.0, TensorFlow 2.21.0', why: 'tfjs-node, as asked for' }
    const started = { backend: reference(), about, stop: async () => {} }
    const backends = [twice[0], { ...honest, start: async () => started }]
    const { out } = await call(backends, tiny, ...short, '--json')
    const document = JSON.parse(out) as BenchDocument
    expect(document.backends.map(({ about }) => about)).toEqual([null, { version: about.version, why: about.why }])
    expect(table(document)).toContain('\n  tfjs-node, as asked for; version 4.22.0, TensorFlow 2.21.0\n')
  })

  it('says what was run on what, and where', async () => {
    const { out } = await call(twice, tiny, ...short, '--json', '--backend', 'reference')
    const found = JSON.parse(out) as BenchDocument
    expect(found).toMatchObject({ schema: 'tramontane-bench', version: 1, notes: [] })
    expect(found.plan).toEqual({
      prompts: [20],
      generate: 4,
      depths: [0, 'end'],
      batches: [3],
      repetitions: 2,
      seconds: null,
    })
    expect(found.environment).toMatchObject({ node: process.version })
    expect(found.environment.cores).toBeGreaterThan(0)
    expect(Date.parse(found.date)).toBeGreaterThan(0)
    const [backend] = found.backends
    expect(found.backends).toHaveLength(1)
    expect(backend.memory!.bytes).toBeGreaterThan(2 ** 20)
    expect(backend.results.map(({ seconds }) => seconds.length)).toEqual([2, 2, 2, 2])
    expect(found.model).toMatchObject({ name: 'full', weightBytes: 4 * (2 * 7744 + 2 * 97 * 32 + 32) })
  })

  it('names the weights as the goldens do', async () => {
    const folder = path('models/smollm2-135m-instruct-fp8')
    const nothing = [{ ...twice[0], start: () => Promise.reject(new Error('not now')) }]
    const { failure, out } = await call(nothing, folder, '--json')
    const golden = await openSafetensors(await diskSource(path('conformance/goldens/smollm2/english.safetensors')))
    await golden.close()
    expect((JSON.parse(out) as BenchDocument).model.weightsSha256).toBe(golden.metadata.get('weights_sha256'))
    expect(failure?.message).toContain('reference')
  })
})

describe('a backend that is wrong', () => {
  it('fails the run, and its figures are marked', async () => {
    const svg = join(scratch, 'wrong.svg')
    const { failure, out } = await call([twice[0], faulty], tiny, ...short, '--svg', svg)
    expect(failure?.message).toBe('bench: the figures of faulty are not valid; see above')
    expect(out).toMatch(/^faulty: .*NOT VALID: \d+ of \d+ decidable positions agree .*; at position \d+ it says/m)
    const drawn = await readFile(svg, 'utf8')
    expect(drawn.match(/>not valid</g)).toHaveLength(4)
    expect(drawn).toContain('url(#hatch1)')
    expect(drawn).not.toContain('url(#hatch0)')
  })
})

describe('pictures', () => {
  it('are well-formed and name all backends and cases', async () => {
    const svg = join(scratch, 'two.svg')
    await call(twice, tiny, ...short, '--svg', svg)
    const drawn = await readFile(svg, 'utf8')
    const texts = textsOf(drawn)
    for (const { name } of twice) expect(texts.filter((text) => text === name)).toHaveLength(4)
    const together = '4 tokens from the start in each of 3 sequences together'
    for (const label of ['20 tokens', '4 tokens from the start', together, '4 tokens after 60']) {
      expect(texts).toContain(label)
    }
    expect(texts.filter((text) => /^[\d.]+ × one$/.test(text))).toHaveLength(2)
    expect(drawn).toMatch(/<svg [^>]*role="img" aria-labelledby="title desc"/)
    expect(texts.find((text) => text.startsWith('Bars compare'))).toContain('generate 4 at 60: ')
    // Nothing is drawn outside.
    const [, width, height] = /viewBox="0 0 (\d+) (\d+)"/.exec(drawn)!.map(Number)
    for (const [, axis, value] of drawn.matchAll(/ ([xy])[12]?="([\d.]+)"/g)) {
      expect(Number(value)).toBeLessThan(axis === 'x' ? width : height)
    }
    expect(drawn).not.toMatch(/NaN|undefined|Infinity|="-/)
  })

  it('that cannot be written are an error, after the figures', async () => {
    const { failure, out } = await call([twice[0]], tiny, ...short, '--svg', join(scratch, 'no/such/folder.svg'))
    expect(failure?.message).toMatch(/folder\.svg: expected a place to write/)
    expect(out).toContain('prompt 20')
  })
})

describe('usage', () => {
  const usage = async (...argv: string[]) => {
    const lines: string[] = []
    const sink = new Writable({ decodeStrings: false, write: (text: string, _, done) => (lines.push(text), done()) })
    const code = await main(['bench', ...argv], { stdin: new PassThrough(), stdout: sink, stderr: sink })
    return { code, text: lines.join('') }
  }

  it('is told', async () => {
    expect(await usage('--help')).toMatchObject({ code: 0, text: expect.stringContaining('bench ./model') as string })
  })

  it.each([
    ['--depth', '0,start', /or "end"/],
    ['--prompt', '512,0', /whole number from 1/],
    ['--backend', 'abacus', /reference/],
    ['--seconds', '0', /whole number from 1/],
    ['--batch', '8,0', /whole number from 1/],
  ])('%s %s is refused', async (option, value, words) => {
    const { code, text } = await usage(tiny, option, value)
    expect(code).toBe(2)
    expect(text).toMatch(words)
  })
})

/** The texts of an XML document. Throws where it is not well-formed: tags that do not close, bare & or <, stray quotes. */
function textsOf(xml: string): string[] {
  const open: string[] = []
  const texts: string[] = []
  const token = /<(\/?)([a-z]\w*)((?: [\w:-]+="[^"<&]*(?:&\w+;[^"<&]*)*")*)(\/?)>|((?:[^<>&]|&(?:amp|lt|gt|quot);)+)/gy
  while (token.lastIndex < xml.length) {
    const at = token.lastIndex
    const found = token.exec(xml)
    if (found === null) throw new Error(`not well-formed at ${at}: ${xml.slice(at, at + 60)}`)
    const [, closing, name, , empty, text] = found
    if (text !== undefined) texts.push(text.replace(/&(\w+);/g, (_, n: string) => entities[n]))
    else if (closing === '/' && open.pop() !== name) throw new Error(`</${name}> closes another tag`)
    else if (closing === '' && empty === '') open.push(name)
  }
  if (open.length > 0) throw new Error(`<${open.at(-1)}> is never closed`)
  return texts
}

const entities: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"' }
