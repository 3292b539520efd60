import { describe, expect, test } from 'vitest'
import { type Address, hostLabel, parseHost } from '../../src/local/config-host.ts'

const address = (host: string, more: Partial<Address> = {}): Address => ({
  user: undefined,
  host,
  port: undefined,
  label: host,
  ...more,
})

test.each<[string, Address]>([
  ['web1', address('web1')],
  ['my_alias.2', address('my_alias.2')],
  ['bücher.example', address('bücher.example')],
  ['deploy@web1.example.com', address('web1.example.com', { user: 'deploy' })],
  ['deploy@web1.example.com:2222', address('web1.example.com', { user: 'deploy', port: 2222, label: 'web1.example.com:2222' })],
  ['ana@corp.example@web1', address('web1', { user: 'ana@corp.example' })],
  ['192.0.2.1:22', address('192.0.2.1', { port: 22, label: '192.0.2.1:22' })],
  ['::1', address('::1')],
  ['deploy@2001:db8::1', address('2001:db8::1', { user: 'deploy' })],
  ['fe80::1%eth0', address('fe80::1%eth0')],
  ['[::1]', address('::1', { label: '[::1]' })],
  ['[::1]:22', address('::1', { port: 22, label: '[::1]:22' })],
  ['[web1]:2222', address('web1', { port: 2222, label: '[web1]:2222' })],
  ['deploy@[::1]:65535', address('::1', { user: 'deploy', port: 65_535, label: '[::1]:65535' })],
])('%s', (text, expected) => {
  expect(parseHost(text)).toEqual(expected)
})

describe('is no host', () => {
  test.each([
    ['', 'is empty'],
    ['web 1', 'holds a space or a control character'],
    ['web1\n', 'holds a space or a control character'],
    ['web\u0000', 'holds a space or a control character'],
    ['@web1', '"@web1" names no user before the @'],
    ['-oProxyCommand=x', '"-oProxyCommand=x" starts with a dash, which ssh would take for an option'],
    ['deploy@-web1', '"deploy@-web1" starts with a dash, which ssh would take for an option'],
    ['-l@web1', '"-l@web1" holds a user name that no host can have'],
    ['a;b@web1', '"a;b@web1" holds a user name that no host can have'],
    ['web1:', '"web1:" has a port that is not a number from 1 to 65535'],
    ['web1:0', '"web1:0" has a port that is not a number from 1 to 65535'],
    ['web1:65536', '"web1:65536" has a port that is not a number from 1 to 65535'],
    ['web1:2x', '"web1:2x" has a port that is not a number from 1 to 65535'],
    ['web1:1e3', '"web1:1e3" has a port that is not a number from 1 to 65535'],
    ['[::1]:', '"[::1]:" has a port that is not a number from 1 to 65535'],
    ['[::1', '"[::1" is not a host name or an address'],
    ['web1/path', '"web1/path" is not a host name or an address'],
    ['ssh://web1', '"ssh://web1" has a port that is not a number from 1 to 65535'],
    ['deploy@', '"deploy@" is not a host name or an address'],
    ['*.example.com', '"*.example.com" is not a host name or an address'],
  ])('%j', (text, says) => {
    expect(parseHost(text)).toEqual({ says, hint: "write 'host', 'user@host', 'user@host:port' or 'user@[::1]:22'" })
  })
})

test('a label tells an address from its port', () => {
  expect([hostLabel('web1', undefined), hostLabel('web1', 22), hostLabel('::1', 22)]).toEqual(['web1', 'web1:22', '[::1]:22'])
})
