import { describe, expect, it } from 'vitest'
import { InputError } from './errors.ts'
import { template } from './template.ts'

const list = (source: string, variables = {}): string => template(source, 't')(variables)

describe('template', () => {
  // What Jinja's documentation says these do.
  it.each([
    ['{% for x in xs %}{{ loop.index }}{{ x }}{% if not loop.last %}, {% endif %}{% endfor %}', '1a, 2b'],
    ["{{ xs | join('-') }}", 'a-b'],
    ['{{ range(3) | list }}{{ range(1, 4) | length }}{{ range(5, 0, -2) | join(",") }}', '[0, 1, 2]35,3,1'],
    ['{% macro m(a) %}<{{ a }}>{% endmacro %}{{ m(1) }}{{ m("x") }}', '<1><x>'],
    ['{% set ns = namespace(n=0) %}{% for x in xs %}{% set ns.n = ns.n + 1 %}{% endfor %}{{ ns.n }}', '2'],
    ["{{ 'a\nb' | indent(2) }}", 'a\n  b'],
    ["{{ 'aXbX' | replace('X', '--') }}", 'a--b--'],
    ['{{ {"a": [1, "x"]} | tojson }}', '{"a": [1, "x"]}'],
    ['  {% if true %}\nx\n  {% endif %}\ny', 'x\ny'],
    ['{{ True }}{{ none is none }}{{ missing is defined }}', 'truetruefalse'],
  ])('%s', (source, expected) => {
    expect(list(source, { xs: ['a', 'b'] })).toBe(expected)
  })

  it('shows the message that the template raises', () => {
    expect(() => list("{{ raise_exception('roles must alternate') }}")).toThrow(
      new InputError('t: roles must alternate'),
    )
  })

  it.each(['{% if %}', '{{', '{% for x in %}', '{{ 1 + none }}', "{{ 'x' | unknown }}"])('refuses %s', (source) =>
    expect(() => list(source)).toThrow(InputError),
  )
})

describe('a template without end', () => {
  const doubling = (step: string, end: string): string =>
    `{% set ns = namespace(x=['aa']) %}{% for i in range(60) %}{% set ns.x = ${step} %}{% endfor %}{{ ${end} }}`
  const nested = (depth: number, body: string): string =>
    '{% for i in range(9999) %}'.repeat(depth) + body + '{% endfor %}'.repeat(depth)
  const megabyte = "{% set s = namespace(x='ab') %}{% for i in range(19) %}{% set s.x = s.x + s.x %}{% endfor %}"
  it.each([
    ['nested loops', nested(4, '')],
    ['nested loops with output', nested(4, 'xxxxxxxx')],
    ['a macro that calls itself', '{% macro m(a) %}{{ m(a) }}{% endmacro %}{{ m(1) }}'],
    [
      'a macro that calls itself twice',
      '{% macro m(a) %}{% if a > 0 %}{{ m(a-1) }}{{ m(a-1) }}{% endif %}{% endmacro %}{{ m(50) }}',
    ],
    ['a huge range', '{% for i in range(10**9) %}{% endfor %}'],
    ['an endless range', '{{ range(0, 1, 0) | length }}'],
    ['ranges of NaN', "{{ range('a') | length }}"],
    ['a doubling string', doubling('ns.x ~ ns.x', 'ns.x')],
    ['a doubling list', doubling('ns.x + ns.x', 'ns.x | length')],
    ['a list of itself twice, as JSON', doubling('[ns.x, ns.x]', 'ns.x | tojson')],
    ['a list of itself twice, as text', doubling('[ns.x, ns.x]', "ns.x ~ ''")],
    ['a list of itself twice, compared', doubling('[ns.x, ns.x]', "ns.x == 'a'")],
    ['a dictionary of itself twice', doubling("{'a': ns.x, 'b': ns.x}", 'ns.x | tojson')],
    ['a namespace that holds itself', '{% set ns = namespace(x=1) %}{% set ns.x = ns %}{{ ns.x | tojson }}'],
    ['a repeated string', "{{ 'x' * 10**9 }}"],
    ['a wide indent', "{{ 'a\nb' | indent(10**9) }}"],
    ['many wide indents', "{{ (range(1000) | join('\n')) | indent(500000) }}"],
    ['center', "{{ 'x' | center(10**9) }}"],
    ['a long separator', megabyte + '{{ range(500) | join(s.x) }}'],
    ['a long replacement', megabyte + "{{ s.x | replace('a', s.x) }}"],
    ['a long replacement of nothing, by a method', megabyte + "{{ s.x.replace('', s.x) }}"],
    ['a wide JSON', '{{ [[[1, 2], 3], 4] | tojson(indent=10**8) }}'],
    [
      'a JSON of many long strings',
      megabyte + '{{ [s.x, s.x, s.x, s.x, s.x, s.x, s.x, s.x, s.x, s.x, s.x, s.x, s.x, s.x, s.x, s.x, s.x] | tojson }}',
    ],
    ['deep parentheses', '{{ ' + '('.repeat(50_000) + '1' + ')'.repeat(50_000) + ' }}'],
    ['a slow pattern', megabyte + "{{ s.x.split('a') | join(s.x) }}"],
  ])('%s', { timeout: 3000 }, (_, source) => {
    const [start, before] = [performance.now(), process.memoryUsage().rss]
    expect(() => list(source)).toThrow(InputError)
    expect(performance.now() - start).toBeLessThan(2000)
    expect(process.memoryUsage().rss - before).toBeLessThan(400 * 2 ** 20)
  })
})
