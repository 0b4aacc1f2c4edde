import type { BenchDocument } from './document.ts'
import type { BackendReport, Result } from './report.ts'
import { digits, percent, quantity } from './units.ts'

/** The whole run as lines for people. */
export function table({ environment, model, date, notes, backends }: BenchDocument): string {
  const { cpu, cores, memory, system, node } = environment
  const lines = [
    `${model.name}, ${quantity(model.weightBytes, 'B')} of weights, sha256 ${model.weightsSha256.slice(0, 12)}…`,
    `${cpu}, ${cores} cores, ${quantity(memory, 'B')}; ${system}, Node ${node}; ${date}`,
    ...notes.map((note) => `note: ${note}`),
    ...backends.flatMap((backend) => ['', ...backendLines(backend)]),
  ]
  return `${lines.join('\n')}\n`
}

function backendLines(backend: BackendReport): string[] {
  const { name, about, threads, chunk, limits, memory, results } = backend
  const held = results.findLast(({ usage }) => usage !== null)?.usage
  const lines = [
    `${name}: ${plural(threads, 'thread')}, prompts in passes of ${plural(chunk, 'token')}; ${verdict(backend)}`,
  ]
  if (about !== null) lines.push(`  ${about.why}; version ${about.version}`)
  if (limits !== null) {
    const { kind, stream, arithmetic, bytesPerSecond, operationsPerSecond } = limits
    lines.push(`  limits of ${kind}: ${quantity(bytesPerSecond, 'B/s')} (${stream}),`)
    lines.push(`    ${quantity(operationsPerSecond, 'FLOP/s')} (${arithmetic})`)
  }
  if (memory !== null) lines.push(`  peak: ${quantity(memory.bytes, 'B')}, ${memory.counted}`)
  if (held) {
    const position = quantity(backend.cacheBytesPerToken!, 'B')
    const parts = [`weights ${quantity(held.weights, 'B')}`, `cache ${quantity(held.cache, 'B')}`]
    lines.push(`  held at the end: ${parts.join(', ')} (${position} a token), scratch ${quantity(held.scratch, 'B')}`)
  }
  return results.length === 0
    ? lines
    : [...lines, '', ...rows(results).map((line) => `  ${line}`.trimEnd()), ...remarks(results)]
}

function verdict({ valid, definition, gate, error }: BackendReport): string {
  if (error !== null) return `FAILED: ${error}`
  if (definition) return 'it defines what is right'
  if (gate === null) return 'not judged'
  const share = `${gate.agreed} of ${gate.decidable} decidable positions agree with the reference`
  if (valid) return share
  const first = gate.disagreement
  const where = first && `; at position ${first.position} it says ${first.found}, the reference ${first.expected}`
  return `NOT VALID: ${share}${where ?? ''}`
}

const heading = ['', 'tok/s', 'min–max', 'MAD', 'B/tok', 'B/s', 'of memory', 'FLOP/tok', 'FLOP/s', 'of arithmetic']

/** The figures, each column as wide as its widest cell; † where less was measured than was asked for. */
function rows(results: readonly Result[]): string[] {
  const cells = [heading, ...results.map(cellsOf)]
  const widths = heading.map((_, column) => Math.max(...cells.map((row) => (row.length > 2 ? row[column].length : 0))))
  widths[0] = Math.max(...cells.map(([name]) => name.length))
  return cells.map((row) =>
    row.map((cell, i) => (i === 0 || row.length === 2 ? cell.padEnd(widths[i]) : cell.padStart(widths[i]))).join('  '),
  )
}

function cellsOf(result: Result): string[] {
  const { name, tokensPerSecond: rate, perToken, share, measured } = result
  if (rate === null || perToken === null || share === null) return [name, '–']
  const once = measured!.repetitions === 1
  return [
    isShort(result) ? `${name} †` : name,
    digits(rate.median),
    once ? 'once' : `${digits(rate.min)}–${digits(rate.max)}`,
    once ? '–' : digits(rate.mad),
    quantity(perToken.bytes, 'B'),
    quantity(result.bytesPerSecond!, 'B/s'),
    percent(share.stream),
    quantity(perToken.operations, ''),
    quantity(result.operationsPerSecond!, ''),
    percent(share.arithmetic),
  ]
}

/** Less was measured than was asked for. */
export function isShort({ asked, measured }: Result): boolean {
  return measured !== null && (measured.tokens < asked.tokens || measured.repetitions < asked.repetitions)
}

function remarks(results: readonly Result[]): string[] {
  return results.flatMap((result) => {
    if (result.measured === null) return [`  ${result.name}: not measured, ${result.skipped}`]
    const { name, overOne } = result
    const ratio =
      overOne === undefined ? [] : [`  ${name}: ${digits(overOne)} times the tokens per second of one sequence`]
    return isShort(result) ? [`  † ${shortage(result)}`, ...ratio] : ratio
  })
}

/** How much of what was asked for was measured. */
export function shortage({ name, asked, measured }: Result): string {
  const { tokens, repetitions } = measured!
  const count = (n: number) => n.toLocaleString('en-US')
  return `${name}: ${count(tokens)} of ${count(asked.tokens)} tokens, ${repetitions} of ${plural(asked.repetitions, 'repetition')}`
}

function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`
}
