import type { Report, Result } from './judge.ts'

export type Tally = Readonly<Record<Result['verdict'], number>>

export function tally({ results }: Report): Tally {
  const count = (verdict: Result['verdict']) => results.filter((result) => result.verdict === verdict).length
  return { pass: count('pass'), fail: count('fail'), unsupported: count('unsupported') }
}

const signs = { pass: '✅', fail: '❌', unsupported: '⬜' }

/** A report as a Markdown table. The report itself is plain data: JSON.stringify writes it. */
export function reportMarkdown(report: Report): string {
  const { pass, fail, unsupported } = tally(report)
  const rows = report.results.map(({ id, title, verdict, message = '', ms }) => {
    return `| ${id} | ${signs[verdict]} ${verdict} | ${title} | ${cell(message)} | ${ms} |`
  })
  return [
    `# ${report.model} at ${report.url}`,
    '',
    `${pass} passed, ${fail} failed, ${unsupported} unsupported (not declared, and not counted as passed).`,
    '',
    '| check | verdict | what | where, expected, found | ms |',
    '|---|---|---|---|---|',
    ...rows,
    '',
  ].join('\n')
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll(/\s+/g, ' ')
}
