import addFormats from 'ajv-formats'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { describe, expect, it } from 'vitest'
import { acceptor } from './judge.fixture.ts'

/** Texts that are of the format, and such that nearly are. */
const cases: Readonly<Record<string, { readonly valid: readonly string[]; readonly invalid: readonly string[] }>> = {
  date: {
    valid: ['2024-02-29', '2000-02-29', '1963-06-19', '2023-12-31'],
    invalid: ['2023-02-29', '1900-02-29', '2023-04-31', '2023-13-01', '2023-1-01', '2023-01-00', '১963-06-19'],
  },
  time: {
    valid: ['08:30:06Z', '08:30:06.283185+05:00', '23:59:60Z', '00:00:00-23:59'],
    invalid: ['08:30:06', '24:00:00Z', '22:59:60Z', '08:60:00Z', '08:30:06+24:00', '8:30:06Z', '08:30:06,5Z'],
  },
  'date-time': {
    valid: ['1963-06-19T08:30:06.283185Z', '1963-06-19t08:30:06z', '1998-12-31T23:59:60Z'],
    invalid: ['1963-06-19', '1963-06-19T08:30:06', '1990-02-31T15:59:59Z', '1963-06-19T08:30:06 Z'],
  },
  duration: {
    valid: ['P4DT12H30M5S', 'P1Y', 'PT36H', 'P2W', 'P1M', 'PT1M'],
    invalid: ['P', 'PT', 'P1', '4DT', 'P2D1Y', 'P1D2H', 'P2S', 'P1Y2W', 'PT1D'],
  },
  email: {
    valid: ['joe.bloggs@example.com', 'te~st@example.com', 'a+b@x-y.org'],
    invalid: ['2962', 'joe@', '@example.com', '.test@example.com', 'te..st@example.com', 'a@-x.org', 'a b@x.org'],
  },
  hostname: {
    valid: ['www.example.com', 'h', '1host', 'a-b.c', `${'a'.repeat(63)}.com`],
    invalid: ['-host', 'host-', 'a..b', `${'a'.repeat(64)}.com`, 'under_score', ''],
  },
  ipv4: {
    valid: ['192.168.0.1', '0.0.0.0', '255.255.255.255'],
    invalid: ['256.1.1.1', '1.2.3', '01.2.3.4', '1.2.3.4.5', '0x7f.1.1.1'],
  },
  ipv6: {
    valid: [
      '::1',
      '::',
      '::abcd:123',
      '1:2:3:4:5:6:7:8',
      '1::d6:192.168.0.1',
      '::ffff:192.168.0.1',
      'fe80::a',
      '1:2:3:4:5:6:7::',
    ],
    invalid: [
      '12345::',
      '1:1:1:1:1:1:1:1:1',
      '::laptop',
      '1:2::3::4',
      '1:2:3:4:5:6:7',
      ':1',
      '1::1.2.3',
      'fe80::a%eth1',
    ],
  },
  uuid: {
    valid: ['2EB8AA08-AA98-11EA-B4AA-73B441D16380', '2eb8aa08-aa98-11ea-b4aa-73b441d16380'],
    invalid: [
      '2eb8aa08-aa98-11ea-b4aa-73b441d1638',
      '2eb8aa08aa9811eab4aa73b441d16380',
      '2eb8-aa08-aa98-11ea-b4aa73b441d16380',
    ],
  },
  uri: {
    valid: [
      'http://foo.bar/?baz=qux#quux',
      'ftp://ftp.is.co.za/rfc/rfc1808.txt',
      'ldap://[2001:db8::7]/c=GB?objectClass?one',
      'mailto:John.Doe@example.com',
      'urn:oasis:names:specification:docbook:dtd:xml:4.1.2',
      'http://user:pa55@host:8080/a%20b',
    ],
    invalid: [
      '//foo.bar/',
      '/abc',
      '\\\\WINDOWS\\fileshare',
      'abc',
      'http:// shouldfail.com',
      ':// no',
      'http://a/%zz',
      'bar,baz',
    ],
  },
  'uri-reference': {
    valid: ['http://foo.bar/#a', '//foo.bar/?q', '/abc', 'abc', '#fragment', '', '?q'],
    invalid: ['\\\\WINDOWS\\fileshare', '#frag\\ment', 'a b'],
  },
  'json-pointer': { valid: ['', '/foo/0', '/a~1b', '/~0', '/', '/ "'], invalid: ['a', '/~', '/~2', '#'] },
  'relative-json-pointer': { valid: ['1', '0/foo', '2#', '120/a'], invalid: ['/foo', '-1/a', '01', '0##', 'a'] },
}

describe.each(Object.entries(cases))('%s', (format, { valid, invalid }) => {
  const ajv = new Ajv2020({ strict: false })
  addFormats.default(ajv)
  const isValid = ajv.compile({ type: 'string', format })
  const accepts = acceptor({ type: 'string', format })

  it('accepts what is of the format, also by ajv', () => {
    for (const text of valid) expect([text, isValid(text), accepts(JSON.stringify(text))]).toEqual([text, true, true])
  })

  it('accepts nothing that is not', () => {
    expect(invalid.filter((text) => accepts(JSON.stringify(text)))).toEqual([])
  })
})
