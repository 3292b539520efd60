import { expect, test } from 'vitest'
import { generateKeyPair } from '../../src/remote/embedded.ts'
import { fingerprint, parseKnownHosts } from '../../src/remote/known-hosts.ts'
import { acceptedKey, hopsSaid } from '../../src/remote/login.ts'

test('what ssh says of a login behind another one is two hops', () => {
  const said = [
    "debug1: Authenticating to bastion.example.com:22 as 'me'",
    'debug1: Server host key: ssh-ed25519 SHA256:aaa',
    'debug1: Found key in /home/me/.ssh/known_hosts:3',
    'debug1: Server accepts key: me@laptop RSA SHA256:bbb agent',
    'Authenticated to bastion.example.com ([2001:db8::1]:22) using "publickey".',
    "debug1: Authenticating to shop:22 as 'deploy'\r",
    'debug1: Server host key: ecdsa-sha2-nistp256 SHA256:ccc',
    'debug1: Found CA key in /etc/ssh/ssh_known_hosts:1',
    'debug1: Server accepts key: /home/me/my keys/id ED25519 SHA256:ddd explicit',
    'Authenticated to shop (via proxy) using "publickey".',
  ].join('\n')
  expect(hopsSaid(said)).toEqual([
    {
      host: 'bastion.example.com',
      address: '[2001:db8::1]:22',
      user: 'me',
      key: { type: 'RSA', fingerprint: 'SHA256:bbb', from: 'the agent: me@laptop' },
      hostKey: { type: 'ssh-ed25519', fingerprint: 'SHA256:aaa', from: '/home/me/.ssh/known_hosts:3' },
    },
    {
      host: 'shop',
      address: null,
      user: 'deploy',
      key: { type: 'ED25519', fingerprint: 'SHA256:ddd', from: '/home/me/my keys/id' },
      hostKey: { type: 'ecdsa-sha2-nistp256', fingerprint: 'SHA256:ccc', from: '/etc/ssh/ssh_known_hosts:1' },
    },
  ])
  expect(hopsSaid('nothing of that')).toEqual([])
  expect(hopsSaid('Authenticated to h ([127.0.0.1]:22) using "gssapi-with-mic".')).toMatchObject([
    { address: '127.0.0.1:22', key: null },
  ])
})

test('a host key is known by a line of a file, or by a pin', async () => {
  const { publicKey } = await generateKeyPair('host')
  const [line] = parseKnownHosts(`# one\nshop ${publicKey}\n`, '/known')
  if (!line) throw new Error('no line')
  const trust = { host: 'shop', port: 22, alias: undefined, files: ['/known'], pins: [] }
  const print = fingerprint(line.key.blob)
  const known = { lines: [line], portless: [] }
  const key = { type: 'ssh-ed25519', fingerprint: print }
  expect(acceptedKey(trust, known, line.key.blob)).toEqual({ ...key, from: '/known:2' })
  expect(acceptedKey({ ...trust, pins: [print] }, known, line.key.blob)).toEqual({
    ...key,
    from: 'hostKeys of the configuration',
  })
  expect(acceptedKey(trust, known, Buffer.alloc(3))).toBe(null)
})
