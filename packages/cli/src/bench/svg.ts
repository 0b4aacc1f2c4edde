import type { BenchDocument } from './document.ts'
import type { BackendReport, Result } from './report.ts'
import { axis, type Axis } from './axis.ts'
import { style, tones } from './svg-style.ts'
import { isShort, shortage } from './table.ts'
import { digits, percent, quantity } from './units.ts'

// Everything in pixels of the picture's own coordinates.
const width = 960
const margin = 32
/** Where the bars of tokens per second begin, and how long the axis is. */
const bars = { x: 216, length: 372 }
/** The two thin bars of shares. */
const shares = { x: 716, length: 150 }
const rowHeight = 34
const barHeight = 14

interface Row {
  readonly backend: BackendReport
  readonly tone: number
  readonly result: Result
}

/** The run as an SVG: medians as bars, whiskers from the smallest to the largest, and the shares of the limits beside them. */
export function picture(report: BenchDocument): string {
  const rows = report.backends.flatMap((backend, tone) => backend.results.map((result) => ({ backend, tone, result })))
  let y = 92
  const panels = (['prompt', 'generate'] as const).map((kind) => {
    const panel = panelOf(
      kind,
      rows.filter(({ result }) => result.asked.kind === kind),
      y,
    )
    y += panel.height
    return panel.svg
  })
  const notes = footnotes(report)
  const height = y + 8 + notes.length * 17 + margin - 8
  const label = `Tokens per second: ${report.model.name}`
  const { cpu, cores, node } = report.environment
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-labelledby="title desc">`,
    `<title id="title">${escape(label)}</title>`,
    `<desc id="desc">${escape(description(report))}</desc>`,
    `<style>${style}</style>`,
    hatches,
    `<rect class="card" x="0.5" y="0.5" width="${width - 1}" height="${height - 1}" rx="10"/>`,
    text(margin, 44, label, 'head'),
    text(margin, 66, `${cpu}, ${cores} cores, Node ${node}, ${report.date.slice(0, 10)}`, 'soft'),
    ...panels,
    ...notes.map((note, i) => text(margin, y + 14 + i * 17, note, 'soft')),
    '</svg>\n',
  ].join('\n')
}

function panelOf(kind: 'prompt' | 'generate', rows: readonly Row[], top: number): { svg: string; height: number } {
  if (rows.length === 0) return { svg: '', height: 0 }
  const names = [...new Set(rows.map(({ result }) => result.name))]
  const scale = axis(Math.max(0, ...rows.map(({ result }) => result.tokensPerSecond?.max ?? 0)), bars.length)
  const parts: string[] = []
  let y = top + 40
  for (const name of names) {
    const own = rows.filter(({ result }) => result.name === name)
    parts.push(text(margin, y + 6, caseLabel(own[0].result), 'case'))
    y += 16
    for (const row of own) {
      parts.push(rowOf(row, y, scale))
      y += rowHeight
    }
    y += 10
  }
  const title = kind === 'prompt' ? 'Prompt processing' : 'Generation'
  const grid = scale.ticks.map((tick) => gridLine(tick, scale, top + 40, y - 4))
  const head = [text(margin, top + 22, title, 'panel'), legend(top + 22)]
  return { svg: [...head, ...grid, ...parts].join('\n'), height: y + 30 - top }
}

function caseLabel({ asked: { kind, tokens, depth, batch } }: Result): string {
  const count = (n: number) => n.toLocaleString('en-US')
  if (kind === 'prompt') return `${count(tokens)} tokens`
  const where = depth === 0 ? 'from the start' : `after ${count(depth)}`
  return `${count(tokens)} tokens ${where}${batch === undefined ? '' : ` in each of ${count(batch)} sequences together`}`
}

function gridLine(tick: number, scale: Axis, top: number, bottom: number): string {
  const x = bars.x + scale.at(tick)
  const label = `<text class="tick" x="${x}" y="${bottom + 16}" text-anchor="middle">${digitsOrZero(tick)}</text>`
  return `<line class="${tick === 0 ? 'zero' : 'grid'}" x1="${x}" x2="${x}" y1="${top}" y2="${bottom}"/>${label}`
}

function digitsOrZero(value: number): string {
  return value.toLocaleString('en-US', { maximumFractionDigits: 6 })
}

/** What the two thin bars are. */
function legend(y: number): string {
  return [
    `<rect class="memory" x="${shares.x}" y="${y - 8}" width="10" height="8" rx="2"/>`,
    text(shares.x + 15, y, 'memory', 'soft'),
    `<rect class="arithmetic" x="${shares.x + 74}" y="${y - 8}" width="10" height="8" rx="2"/>`,
    text(shares.x + 89, y, 'arithmetic, % of limit', 'soft'),
  ].join('')
}

function rowOf({ backend, tone, result }: Row, y: number, scale: Axis): string {
  const name = text(margin, y + 12, backend.name, 'name')
  const rate = result.tokensPerSecond
  if (rate === null || result.share === null) return name + text(bars.x + 6, y + 12, 'not measured', 'none')
  const end = scale.at(rate.median)
  const paint = backend.valid ? `class="t${tone % tones}"` : `fill="url(#hatch${tone % tones})"`
  const bar = `<path ${paint} d="${rounded(bars.x, y, Math.max(end, 1), barHeight)}"/>`
  const ratio = result.overOne === undefined ? [] : [`${digits(result.overOne)} × one`]
  const marks = [...(backend.valid ? ratio : ['not valid']), ...(isShort(result) ? ['†'] : [])].join(' ')
  const after = bars.x + Math.max(end, scale.at(rate.max)) + 10
  const value = `<text class="value" x="${after}" y="${y + 12}">${digits(rate.median)}<tspan class="soft" dx="6">${marks}</tspan></text>`
  return [name, bar, whisker(scale.at(rate.min), scale.at(rate.max), y), value, shareBars(result.share, y)].join('')
}

/** A bar whose right end is round. */
function rounded(x: number, y: number, w: number, h: number): string {
  const r = Math.min(3, w)
  return `M${x} ${y}h${w - r}a${r} ${r} 0 0 1 ${r} ${r}v${h - 2 * r}a${r} ${r} 0 0 1 ${-r} ${r}h${r - w}z`
}

function whisker(from: number, to: number, y: number): string {
  if (from === to) return ''
  const [x1, x2, middle] = [bars.x + from, bars.x + to, y + barHeight / 2]
  const line = `M${x1} ${middle}H${x2}M${x1} ${middle - 4}v8M${x2} ${middle - 4}v8`
  // Drawn twice: a rim of the ground's colour sets it off from the bar.
  return `<path class="rim" d="${line}"/><path class="whisker" d="${line}"/>`
}

function shareBars({ stream, arithmetic }: NonNullable<Result['share']>, y: number): string {
  const one = (share: number, name: string, top: number) => {
    const length = Math.min(1, share) * shares.length
    const label = `<text class="tick" x="${shares.x + shares.length + 8}" y="${top + 6}">${percent(share)}</text>`
    const track = `<rect class="track" x="${shares.x}" y="${top}" width="${shares.length}" height="6" rx="3"/>`
    return `${track}<rect class="${name}" x="${shares.x}" y="${top}" width="${length}" height="6" rx="${Math.min(3, length / 2)}"/>${label}`
  }
  return one(stream, 'memory', y - 4) + one(arithmetic, 'arithmetic', y + 12)
}

function footnotes({ backends, plan }: BenchDocument): string[] {
  const limits = backends.flatMap(({ name, limits }) =>
    limits === null
      ? []
      : [
          `${name}: ${limits.kind}, ${quantity(limits.bytesPerSecond, 'B/s')} and ${quantity(limits.operationsPerSecond, 'FLOP/s')}`,
        ],
  )
  const short = backends.flatMap(({ name, results }) =>
    results.filter(isShort).map((result) => `† ${name}, ${shortage(result)}`),
  )
  const failed = backends.flatMap(({ name, error }) => (error === null ? [] : [`${name} failed: ${error}`]))
  return [
    `Bars: median of ${plan.repetitions} repetitions; whiskers: the smallest and the largest.`,
    ...limits.map((limit) => `Limits in the same run, ${limit}`),
    ...short,
    ...failed,
  ]
}

function description({ backends }: BenchDocument): string {
  const lines = backends.flatMap(({ name, valid, results }) =>
    results.map(({ name: what, tokensPerSecond, share }) =>
      tokensPerSecond === null || share === null
        ? `${name}, ${what}: not measured`
        : `${name}, ${what}: ${digits(tokensPerSecond.median)} tokens per second, ${percent(share.stream)} of the memory limit and ${percent(share.arithmetic)} of the arithmetic limit${valid ? '' : ', not valid'}`,
    ),
  )
  return `Bars compare backends. ${lines.join('; ')}.`
}

function text(x: number, y: number, content: string, kind: string): string {
  return `<text class="${kind}" x="${x}" y="${y}">${escape(content)}</text>`
}

function escape(content: string): string {
  return content.replace(/[&<>"]/g, (c) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' })[c]!)
}
/** Diagonal lines for bars that are not valid, in the colour of each backend. */
const hatches = `<defs>${Array.from({ length: tones }, (_, tone) => hatch(tone)).join('')}</defs>`

function hatch(tone: number): string {
  const lines = `<path class="s${tone}" d="M0 0v6" stroke-width="4"/>`
  return `<pattern id="hatch${tone}" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">${lines}</pattern>`
}
