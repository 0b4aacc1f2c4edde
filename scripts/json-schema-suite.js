// Holds the compiler of JSON Schema against the JSON-Schema-Test-Suite, which the source distribution of PyPI's
// jsonschema carries. With --write the committed numbers become those of today, with --failures each failure is named.
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { compile, jsonSchemaGrammar, judge, Pushdown } from '../packages/api/dist/grammar/index.js'
import { InputError } from '../packages/core/dist/index.js'

const root = fileURLToPath(new URL('..', import.meta.url))
const ratchet = join(root, 'conformance/json-schema/passed.json')
const source = {
  version: '4.26.0',
  sha256: '0c26707e2efad8aa1bfc5b7ce170f3fccc2e4918ff85989ba9ffa9facb2be326',
}

/** → the folder of the suite's tests, fetched once */
function suite(python) {
  const cache = join(root, '.cache/json-schema')
  const name = `jsonschema-${source.version}`
  const archive = join(cache, `${name}.tar.gz`)
  mkdirSync(cache, { recursive: true })
  const fetching = ['download', '--quiet', '--disable-pip-version-check', '--no-deps', '--no-binary', 'jsonschema']
  if (!existsSync(archive)) run(python, ['-m', 'pip', ...fetching, `jsonschema==${source.version}`, '-d', cache])
  const found = createHash('sha256').update(readFileSync(archive)).digest('hex')
  if (found !== source.sha256) throw new Error(`${archive}: expected sha256 ${source.sha256}, found ${found}`)
  if (!existsSync(join(cache, name))) run(python, ['-m', 'tarfile', '-e', archive, cache])
  return join(cache, name, 'json/tests')
}

function run(command, args) {
  const { status } = spawnSync(command, args, { stdio: 'inherit' })
  if (status !== 0) throw new Error(`${command} ${args.join(' ')}: exit code ${status}`)
}

/** `draft`: for schemas that do not say it themselves. */
function judgedFile(path, draft, told) {
  const place = path.split('/').slice(-2).join('/')
  const counts = { passed: 0, total: 0, refused: 0, falseAccepts: 0, falseRejects: 0, crashes: 0, slowest: 0 }
  for (const { description, schema, tests } of JSON.parse(readFileSync(path, 'utf8'))) {
    const began = performance.now()
    const automaton = compiled(ofDraft(schema, draft))
    counts.slowest = Math.max(counts.slowest, performance.now() - began)
    for (const test of tests) {
      const outcome = outcomeOf(automaton, test)
      counts.total++
      counts[outcome.kind]++
      if (outcome.kind !== 'passed')
        told.push(`${place}: ${description}: ${test.description}: ${outcome.kind}${outcome.why ?? ''}`)
    }
  }
  return counts
}

function ofDraft(schema, draft) {
  return draft && typeof schema === 'object' && !('$schema' in schema) ? { $schema: draft, ...schema } : schema
}

/** → the automaton, or the error */
function compiled(schema) {
  try {
    return new Pushdown(compile(jsonSchemaGrammar(schema)))
  } catch (error) {
    return error
  }
}

function outcomeOf(automaton, { data, valid }) {
  if (automaton instanceof InputError) return { kind: 'refused', why: `: ${automaton.message}` }
  if (automaton instanceof Error) return { kind: 'crashes', why: `: ${automaton.stack}` }
  try {
    const { accepted } = judge(automaton, new TextEncoder().encode(JSON.stringify(data)))
    return { kind: accepted === valid ? 'passed' : accepted ? 'falseAccepts' : 'falseRejects' }
  } catch (error) {
    return { kind: 'crashes', why: `: ${error.stack}` }
  }
}

/** Judges all required tests of a draft and prints a line a file. → counts by file */
function judgedDraft(tests, name, draft, told) {
  const folder = join(tests, name)
  const files = readdirSync(folder).filter((file) => file.endsWith('.json'))
  const table = Object.fromEntries(
    files.sort().map((file) => [file.slice(0, -5), judgedFile(join(folder, file), draft, told)]),
  )
  print(name, [...Object.entries(table), ['all', sum(Object.values(table))]])
  return table
}

function sum(counts) {
  const names = Object.keys(counts[0])
  const total = Object.fromEntries(names.map((name) => [name, counts.reduce((sum, count) => sum + count[name], 0)]))
  return { ...total, slowest: Math.max(...counts.map(({ slowest }) => slowest)) }
}

function print(title, rows) {
  const head = [
    'passed',
    'total',
    'rate, %',
    'refused',
    'false accepts',
    'false rejects',
    'crashes',
    'slowest compile, ms',
  ]
  const cells = rows.map(([name, c]) => {
    const rate = ((100 * c.passed) / c.total).toFixed(0)
    return [name, c.passed, c.total, rate, c.refused, c.falseAccepts, c.falseRejects, c.crashes, c.slowest.toFixed(0)]
  })
  const lines = [[title, ...head], ...cells].map((line) =>
    line.map((cell, i) => (i === 0 ? String(cell).padEnd(24) : String(cell).padStart(head[i - 1].length + 2))).join(''),
  )
  console.log(`${lines.join('\n')}\n`)
}

/** → complaints */
function heldAgainst(table) {
  const committed = JSON.parse(readFileSync(ratchet, 'utf8'))
  const names = [...new Set([...Object.keys(committed), ...Object.keys(table)])]
  return names.flatMap((name) => {
    const [expected, found] = [committed[name] ?? 0, table[name]?.passed ?? 0]
    if (found === expected) return []
    const todo = found > expected ? 'raise the ratchet: node scripts/json-schema-suite.js --write' : 'what was lost?'
    return [`${name}: expected ${expected} passed, found ${found}: ${todo}`]
  })
}

/** Throws where something is accepted that is not valid, where something crashes, and where the numbers are not the committed ones. */
export function judgeSuite(python, { write = false, failures = false } = {}) {
  const tests = suite(python)
  const told = []
  const table = judgedDraft(tests, 'draft2020-12', undefined, told)
  const older = judgedDraft(tests, 'draft7', 'http://json-schema.org/draft-07/schema#', told)
  if (failures) console.log(told.join('\n'))
  const passed = Object.fromEntries(Object.entries(table).map(([name, counts]) => [name, counts.passed]))
  if (write) writeFileSync(ratchet, `${JSON.stringify(passed, null, 2)}\n`)
  const wrong = told.filter((line) => /: (falseAccepts|crashes)/.test(line))
  const complaints = [...wrong, ...heldAgainst(table)]
  if (complaints.length > 0) throw new Error(complaints.join('\n'))
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  const [write, failures] = ['--write', '--failures'].map((flag) => process.argv.includes(flag))
  judgeSuite(join(root, '.venv/bin/python'), { write, failures })
}
