import { parameters, type Parameter } from './parameters.ts'

const head = `# Fields of a request

What becomes of every field that OpenAI-compatible services and engines are known to take, in \`POST /v1/chat/completions\`
and \`POST /v1/completions\`. JSON \`null\` counts as absent. A field that is not here is ignored, or refused where the server
runs with \`--strict\`. Where a value lies outside its range, or a field is not supported, the answer is 400 and names the field.
This page is written by a test, from the table that the server itself reads.

`

/** The table of all fields as a page in Markdown. */
export function parameterTable(): string {
  return [
    head,
    section('Supported', 'supported', ['field', 'of', 'range', 'default', 'known to']),
    section('Accepted without effect', 'accepted', ['field', 'of', 'values', '', 'known to']),
    section('Refused by name', 'refused', ['field', 'of', 'accepted all the same', '', 'known to']),
  ].join('')
}

function section(title: string, state: Parameter['state'], columns: readonly string[]): string {
  const rows = parameters.filter((parameter) => parameter.state === state).map(cells)
  const used = columns.flatMap((column, i) => (column === '' ? [] : [i]))
  const line = (row: readonly string[]) => `| ${used.map((i) => row[i]).join(' | ')} |\n`
  return `## ${title}\n\n${line(columns)}${line(columns.map(() => '---'))}${rows.map(line).join('')}\n`
}

function cells({ name, of, range, absent, known }: Parameter): readonly string[] {
  return [`\`${name}\``, of.length === 2 ? 'both' : of[0]!, range, absent, known]
}
