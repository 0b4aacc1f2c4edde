/** A grid of numbers from −1 to 1, with names for its rows and columns. */
export interface HeatMap {
  readonly title: string
  readonly rows: readonly string[]
  readonly columns: readonly string[]
  /** [rows][columns]; a row may be shorter, and what is missing stays empty. */
  readonly values: readonly (readonly number[])[]
}

export interface Picture {
  readonly title: string
  readonly rowsAre: string
  readonly columnsAre: string
  /** What the ends of the scale mean; without a first one it begins at 0. */
  readonly scale: readonly [string | null, string]
  /** Values at least this large are written into their cells, in hundredths. */
  readonly writeFrom: number
}

const cell = 24
const gap = 28
const margin = 20

/** Colours of both schemes; strength is opacity, so that a cell fades into whatever paper it stands on. */
const style = `
  text { font: 11px system-ui, 'Segoe UI', 'Helvetica Neue', 'DejaVu Sans', sans-serif; fill: #59636e }
  .title { font-size: 15px; font-weight: 600; fill: #1f2328 }
  .map { font-size: 12px; font-weight: 600; fill: #1f2328 }
  .number { font-size: 9.5px; font-weight: 600; fill: #1f2328; text-anchor: middle }
  .strong { fill: #ffffff }
  .paper { fill: #ffffff } .empty { fill: #f1f3f5 } .up { fill: #c8501e } .down { fill: #2f63c4 }
  @media (prefers-color-scheme: dark) {
    text { fill: #9aa4af }
    .title, .map, .number { fill: #e6edf3 }
    .strong { fill: #16110d }
    .paper { fill: #0f141a } .empty { fill: #1b222b } .up { fill: #ff9a5c } .down { fill: #6ea8ff }
  }
`

/** Heat maps side by side, as an SVG that is readable on light and on dark pages. Equal input gives equal bytes. */
export function drawHeatMaps(maps: readonly HeatMap[], picture: Picture): string {
  const left = margin + 16 + longest(maps[0].rows)
  const labels = Math.max(...maps.map(({ columns }) => labelHeight(columns)))
  const top = margin + 44 + (maps.some(({ title }) => title !== '') ? 28 : 6) + labels
  const widths = maps.map(({ columns }) => columns.length * cell)
  const starts = widths.map((_, i) => left + widths.slice(0, i).reduce((sum, width) => sum + width + gap, 0))
  const width = starts.at(-1)! + widths.at(-1)! + margin
  const bottom = top + maps[0].rows.length * cell
  const height = bottom + margin + 16
  const middle = (top + bottom) / 2
  const parts = [
    `<rect class="paper" width="${width}" height="${height}" rx="8"/>`,
    text(margin, margin + 12, picture.title, 'class="title"'),
    ...legend(picture, margin + 36),
    text(margin + 4, middle, picture.rowsAre, `text-anchor="middle" transform="rotate(-90 ${margin + 4} ${middle})"`),
    ...starts.map((x, i) => text(x + widths[i] / 2, bottom + 20, picture.columnsAre, 'text-anchor="middle"')),
    ...maps[0].rows.map((name, row) => text(left - 6, top + row * cell + 16, name, 'text-anchor="end"')),
    ...maps.flatMap((map, i) => drawMap(map, starts[i], top, labels, picture.writeFrom)),
  ]
  const size = `width="${width}" height="${height}" viewBox="0 0 ${width} ${height}"`
  const head = `<svg xmlns="http://www.w3.org/2000/svg" ${size} role="img" aria-label="${escape(picture.title)}">`
  return `${head}\n<style>${style}</style>\n${parts.join('\n')}\n</svg>\n`
}

function drawMap(map: HeatMap, x: number, y: number, labels: number, writeFrom: number): string[] {
  const upright = labelHeight(map.columns) > cell
  const names = map.columns.map((name, column) => {
    const [at, base] = [x + column * cell + cell / 2, y - 6]
    if (!upright) return text(at, base, name, 'text-anchor="middle"')
    return text(at + 4, base, name, `transform="rotate(-90 ${at + 4} ${base})"`)
  })
  const title = map.title === '' ? [] : [text(x, y - labels - 8, map.title, 'class="map"')]
  const cells = map.values.flatMap((row, r) =>
    row.flatMap((value, column) => drawCell(value, x + column * cell, y + r * cell, writeFrom)),
  )
  return [...title, ...names, ...cells]
}

function drawCell(value: number, x: number, y: number, writeFrom: number): string[] {
  const square = `x="${x + 1}" y="${y + 1}" width="${cell - 2}" height="${cell - 2}" rx="3"`
  const strength = Math.min(1, Math.abs(value)).toFixed(2)
  const colour = strength === '0.00' ? [] : [`<rect class="${side(value)}" ${square} fill-opacity="${strength}"/>`]
  const number = `${value < 0 ? '−' : ''}${Math.round(Math.abs(value) * 100)}`
  const style = `class="number${Math.abs(value) > 0.6 ? ' strong' : ''}"`
  const written = Math.abs(value) >= writeFrom ? [text(x + cell / 2, y + cell / 2 + 3.5, number, style)] : []
  return [`<rect class="empty" ${square}/>`, ...colour, ...written]
}

function legend({ scale: [low, high] }: Picture, y: number): string[] {
  const steps = Array.from({ length: low === null ? 6 : 11 }, (_, i) => (low === null ? i : i - 5) / 5)
  const start = margin + (low === null ? 12 : longest([low]) + 8)
  const squares = steps.flatMap((value, i) => {
    const square = `x="${start + i * 14}" y="${y - 10}" width="13" height="12" rx="2"`
    return [
      `<rect class="empty" ${square}/>`,
      `<rect class="${side(value)}" ${square} fill-opacity="${Math.abs(value)}"/>`,
    ]
  })
  const before = low === null ? '0' : low
  return [text(margin, y, before, ''), ...squares, text(start + steps.length * 14 + 6, y, high, '')]
}

const side = (value: number): string => (value < 0 ? 'down' : 'up')

/** Room for a column's name: it stands upright where it does not fit into a cell. */
const labelHeight = (names: readonly string[]): number => (longest(names) > cell - 4 ? longest(names) + 6 : 16)

/** Width of the longest name in pixels, estimated: letters of 11 px are some 6.4 wide. */
const longest = (names: readonly string[]): number => Math.ceil(Math.max(...names.map((name) => name.length)) * 6.4)

function text(x: number, y: number, words: string, attributes: string): string {
  return `<text x="${x}" y="${y}"${attributes && ` ${attributes}`}>${escape(words)}</text>`
}

function escape(words: string): string {
  return words.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;')
}
