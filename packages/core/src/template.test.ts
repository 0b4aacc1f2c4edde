import { describe, expect, it } from 'vitest'
import { InputError } from './errors.ts'
import { template } from './template.ts'

const limits = { time: 500, size: 100_000 }

describe('templates that would hang or fill the memory are refused', () => {
  it.each([
    ['a loop in a loop', '{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}'],
    ['a range without end', '{% for a in range(1000000000) %}{% endfor %}'],
    [
      'a doubling string',
      '{% set n = namespace(s="x") %}{% for a in range(60) %}{% set n.s = n.s ~ n.s %}{% endfor %}',
    ],
    ['a doubling list', '{% set n = namespace(s=[1]) %}{% for a in range(60) %}{% set n.s = n.s + n.s %}{% endfor %}'],
    ['recursion', '{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}'],
    ['output without end', '{% for a in range(99999) %}{{ "x" * 1 }}{{ "0123456789" }}{% endfor %}'],
    ['a syntax error', '{% for %}'],
  ])('%s', (_, source) => {
    const before = performance.now()
    expect(() => template(source, 'chat template', limits)({})).toThrow(InputError)
    expect(performance.now() - before).toBeLessThan(5000)
  })

  it('shows what a template raises', () => {
    const raise = template("{{ raise_exception('roles must alternate') }}", 'chat template')
    expect(() => raise({})).toThrow('chat template: roles must alternate')
  })

  it('renders what Jinja renders', () => {
    // Expected by the rules of Jinja 3 with trim_blocks and lstrip_blocks, as transformers sets them.
    const source =
      '{%- for m in messages %}\n{{ loop.index0 }}:{{ m.role | upper }}\n{% endfor %}{% if x is defined %}x{% endif %}'
    expect(template(source, 't')({ messages: [{ role: 'user' }, { role: 'tool' }] })).toBe('0:USER\n1:TOOL\n')
  })
})
