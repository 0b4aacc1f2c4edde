import { regexDfa } from '../grammar/regex.ts'
import type { Dfa } from '../grammar/dfa.ts'
import type { NumberRules } from '../grammar/numbers.ts'
import type { TextSet } from './formula.ts'

/** What a format asks: of strings, of numbers, or nothing that a grammar could keep. */
export type Format =
  | { readonly on: 'string'; readonly set: TextSet }
  | { readonly on: 'number'; readonly rules: NumberRules }
  | { readonly on: 'nothing' }

/** Days of a month, and 29 February in years that have one. */
const leapYear = '(?:\\d\\d(?:0[48]|[2468][048]|[13579][26])|(?:[02468][048]|[13579][26])00)'
const date =
  '(?:\\d{4}-(?:(?:0[13578]|1[02])-(?:0[1-9]|[12]\\d|3[01])|(?:0[469]|11)-(?:0[1-9]|[12]\\d|30)|02-(?:0[1-9]|1\\d|2[0-8]))' +
  `|${leapYear}-02-29)`
/** A leap second stands only before midnight in UTC, which is said with offset zero here. */
const offset = '(?:[zZ]|[+-](?:[01]\\d|2[0-3]):[0-5]\\d)'
const time = `(?:(?:[01]\\d|2[0-3]):[0-5]\\d:[0-5]\\d(?:\\.\\d+)?${offset}|23:59:60(?:\\.\\d+)?(?:[zZ]|[+-]00:00))`

/** Parts in order, none left out between two others [RFC 3339, appendix A]. */
const timeDuration = 'T(?:\\d+H(?:\\d+M(?:\\d+S)?)?|\\d+M(?:\\d+S)?|\\d+S)'
const duration = `P(?:(?:\\d+Y(?:\\d+M(?:\\d+D)?)?|\\d+M(?:\\d+D)?|\\d+D)(?:${timeDuration})?|${timeDuration}|\\d+W)`

/** A label has no hyphens at its third and fourth place, which are for encoded ones. */
const label = (most: number): string =>
  `(?![a-zA-Z\\d]{2}--|[a-zA-Z\\d]-{3})[a-zA-Z\\d](?:[a-zA-Z\\d-]{0,${most - 2}}[a-zA-Z\\d])?`
const labels = (most: number, count: number): string => `${label(most)}(?:\\.${label(most)}){0,${count - 1}}`
/** At most 253 characters: three labels of any length, or eleven of at most 22 characters. */
const hostname = `(?:${labels(63, 3)}|${labels(22, 11)})`

const atom = "[a-zA-Z\\d!#$%&'*+/=?^_`{|}~-]+"
const domainLabel = '[a-zA-Z\\d](?:[a-zA-Z\\d-]*[a-zA-Z\\d])?'
const email = `${atom}(?:\\.${atom})*@(?:${domainLabel}\\.)+${domainLabel}`

const octet = '(?:25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)'
const ipv4 = `${octet}(?:\\.${octet}){3}`

const group = '[\\da-fA-F]{1,4}'
/** Eight groups, the last two of which may be an IPv4 address; "::" stands for one group or more. */
const ipv6 = ((): string => {
  const last = `(?:${group}:${group}|${ipv4})`
  const after = (count: number): string => {
    if (count === 0) return ''
    if (count === 1) return group
    return `(?:${group}:){${count - 2}}${last}`
  }
  const ways = [`(?:${group}:){6}${last}`]
  for (let before = 0; before <= 7; before++)
    for (let behind = 0; before + behind <= 7; behind++)
      ways.push(`${before === 0 ? '' : `${group}(?::${group}){${before - 1}}`}::${after(behind)}`)
  return `(?:${ways.join('|')})`
})()

const hex = '%[\\da-fA-F]{2}'
/** Characters beyond ASCII [RFC 3987 §2.2]. */
const beyond = '\\u{a0}-\\u{d7ff}\\u{f900}-\\u{fdcf}\\u{fdf0}-\\u{ffef}\\u{10000}-\\u{1fffd}\\u{20000}-\\u{2fffd}'

/** [RFC 3986, appendix A], or 3987 where there are characters beyond ASCII. */
function address(more: string): { absolute: string; reference: string } {
  const safe = `a-zA-Z\\d\\-._~!$&'()*+,;=${more}`
  const segment = `(?:[${safe}:@]|${hex})`
  const host = `(?:\\[${ipv6}\\]|(?:[${safe}]|${hex})*)`
  const authority = `(?:(?:[${safe}:]|${hex})*@)?${host}(?::\\d*)?`
  const path = `(?:/${segment}*)*`
  const absolutePath = `/(?:${segment}+${path})?`
  const tail = `(?:\\?(?:${segment}|[/?])*)?(?:#(?:${segment}|[/?])*)?`
  const scheme = '[a-zA-Z][a-zA-Z\\d+\\-.]*:'
  const absolute = `${scheme}(?://${authority}${path}|${absolutePath}|${segment}+${path})?${tail}`
  const first = `(?:[${safe}@]|${hex})+`
  const relative = `(?://${authority}${path}|${absolutePath}|${first}${path})?${tail}`
  return { absolute, reference: `(?:${absolute}|${relative})` }
}

const uri = address('')
const iri = address(beyond)
const pointer = '(?:/(?:[^~/]|~[01])*)*'
const uuid = '[\\da-fA-F]{8}-(?:[\\da-fA-F]{4}-){3}[\\da-fA-F]{12}'
const base64 = '(?:[A-Za-z\\d+/]{4})*(?:[A-Za-z\\d+/]{2}==|[A-Za-z\\d+/]{3}=)?'

/** The whole string by its pattern. Where a language is narrower than the format, it says so. */
const patterns: ReadonlyMap<string, string> = new Map([
  ['date', date],
  ['time', time],
  ['date-time', `${date}[tT]${time}`],
  ['duration', duration],
  /** Without quoted names and addresses in brackets. */
  ['email', email],
  ['idn-email', email],
  /** Without encoded labels ("xn--"), whose code would have to be checked, and without labels beyond ASCII. */
  ['hostname', hostname],
  ['idn-hostname', hostname],
  ['ipv4', ipv4],
  ['ipv6', ipv6],
  ['uuid', uuid],
  ['uri', uri.absolute],
  ['uri-reference', uri.reference],
  ['iri', iri.absolute],
  ['iri-reference', iri.reference],
  ['json-pointer', pointer],
  ['relative-json-pointer', `(?:0|[1-9]\\d*)(?:#|${pointer})`],
  ['byte', base64],
])

/** Formats of OpenAPI; a number's width beyond 64 bits says nothing of its decimal text. */
const numeric: ReadonlyMap<string, NumberRules> = new Map([
  ['int32', { minimum: '-2147483648', maximum: '2147483647', multipleOf: ['1'] }],
  ['int64', { minimum: '-9223372036854775808', maximum: '9223372036854775807', multipleOf: ['1'] }],
])

/** For what is built once, whatever schema asks for it first. */
const limits = { states: 100_000, steps: 5_000_000 }

const free = ['float', 'double', 'password', 'binary']

/** Built once: they cost more than most patterns, and are the same in all schemas. */
const built = new Map<string, Dfa>()

/** Of a `format`; undefined where nobody here knows what it promises. */
export function formatOf(name: string): Format | undefined {
  const rules = numeric.get(name)
  if (rules) return { on: 'number', rules }
  if (free.includes(name)) return { on: 'nothing' }
  const pattern = patterns.get(name)
  if (pattern === undefined) return undefined
  const dfa = (): Dfa => {
    let dfa = built.get(name)
    if (dfa === undefined) built.set(name, (dfa = regexDfa(`^(?:${pattern})$`, limits)))
    return dfa
  }
  return { on: 'string', set: { key: `format ${name}`, dfa } }
}
