/** Colours of backends, on light and on dark ground; the sixth backend has the first one's again. */
const light = ['#0f766e', '#b45309', '#6d28d9', '#1d4ed8', '#be185d']
const dark = ['#2dd4bf', '#fbbf24', '#a78bfa', '#60a5fa', '#f472b6']

export const tones = light.length

interface Ground {
  readonly card: string
  readonly edge: string
  readonly ink: string
  readonly soft: string
  readonly grid: string
  readonly track: string
  readonly memory: string
  readonly arithmetic: string
}

const day: Ground = {
  card: '#ffffff',
  edge: '#d0d7de',
  ink: '#1f2328',
  soft: '#59636e',
  grid: '#e4e8ec',
  track: '#e8ebee',
  memory: '#57606a',
  arithmetic: '#9aa4af',
}

const night: Ground = {
  card: '#0d1117',
  edge: '#30363d',
  ink: '#e6edf3',
  soft: '#9198a1',
  grid: '#21262d',
  track: '#21262d',
  memory: '#b7bfc8',
  arithmetic: '#6e7681',
}

/** Plain classes, no variables: some programs that draw SVG know nothing newer. */
function colours(ground: Ground, backends: readonly string[]): string {
  const { card, edge, ink, soft, grid, track, memory, arithmetic } = ground
  return [
    `.card{fill:${card};stroke:${edge}}`,
    `.head,.panel,.case,.value,.name{fill:${ink}}`,
    `.soft,.tick,.none{fill:${soft}}`,
    `.grid{stroke:${grid}}.track{fill:${track}}.memory{fill:${memory}}.arithmetic{fill:${arithmetic}}`,
    `.whisker{stroke:${ink}}.rim{stroke:${card}}.zero{stroke:${soft}}`,
    ...backends.map((colour, i) => `.t${i}{fill:${colour}}.s${i}{stroke:${colour}}`),
  ].join('')
}

export const style = [
  'text{font-family:system-ui,-apple-system,"Segoe UI",Helvetica,Arial,sans-serif;font-size:13px}',
  '.head{font-size:20px;font-weight:600}.panel{font-size:15px;font-weight:600}',
  '.soft,.tick{font-size:12px}.tick{font-variant-numeric:tabular-nums}.none{font-style:italic}',
  '.case{font-size:12px;font-weight:600}.value{font-weight:600}.value .soft{font-weight:400}',
  '.whisker,.rim{fill:none;stroke-width:1.5}.rim{stroke-width:4;opacity:.7}',
  colours(day, light),
  `@media (prefers-color-scheme:dark){${colours(night, dark)}}`,
].join('')
