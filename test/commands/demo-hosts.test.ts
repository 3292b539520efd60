import { expect, it } from 'vitest'
import { centresOf, hostsAsked, worldConfig } from '../../src/commands/demo-world.ts'
import { runCli } from '../support/cli.ts'

it.each(['0', '1', '51', '1000', '99999', 'x', '6x', '-6', '6.5', ' 6'])('hosts=%s is refused', (text) => {
  expect(() => hostsAsked(text)).toThrow(
    expect.objectContaining({
      code: 'USAGE',
      message: `hosts=${text} is no number of hosts from 2 to 50`,
      hint: 'write hosts=6: three in each of two data centres',
    }),
  )
})

it('so many hosts lie in two data centres', () => {
  const names = (many: number) => centresOf(many).map(({ name, hosts }) => `${name}: ${hosts.join(' ')}`)
  expect([hostsAsked('2'), hostsAsked('50')]).toEqual([2, 50])
  expect(names(2)).toEqual(['eu: eu1', 'us: us1'])
  expect(names(5)).toEqual(['eu: eu1 eu2 eu3', 'us: us1 us2'])
  expect(names(6)).toEqual(['eu: eu1 eu2 eu3', 'us: us1 us2 us3'])
  expect(new Set(centresOf(50).flatMap(({ hosts }) => hosts)).size).toBe(50)
  const ports = worldConfig(centresOf(6), (host) => 4000 + Number(host.slice(2))).match(
    /name: '\w+', host: '127.0.0.1', port: \d+/g,
  )
  expect(ports?.map((line) => line.replace(/name: '(\w+)'.* (\d+)/, '$1 $2'))).toEqual([
    'eu1 4001',
    'eu2 4002',
    'eu3 4003',
    'us1 4001',
    'us2 4002',
    'us3 4003',
  ])
})

it('a dry run makes nothing, and prints what is typed', async () => {
  const { code, stdout, stderr } = await runCli(['demo', 'hosts=6', '--dry-run'], { env: { TMPDIR: '/nonexistent' } })
  expect({ code, stdout, stderr }).toEqual({
    code: 0,
    stdout: 'releaser build\nreleaser deploy target=world\nreleaser status\nreleaser rollback target=world\n',
    stderr: '',
  })
})
