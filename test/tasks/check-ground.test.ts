import { expect, test } from 'vitest'
import type { Ground } from '../../src/model/ground.ts'
import type { Facts } from '../../src/model/plan.ts'
import type { Target } from '../../src/model/target.ts'
import { groundFindings, sudoLines } from '../../src/tasks/check-ground.ts'
import { factsWith, TARGET } from '../support/facts.ts'

const SOLID: Ground = {
  shell: '/bin/sh',
  noise: [],
  tools: [],
  fs: { type: 'ext4', options: ['rw', 'relatime'], mount: '/srv' },
  agent: 'same',
  allowed: [],
}
const found = (ground: Partial<Ground>, facts: Partial<Facts> = {}, target: Partial<Target> = {}) =>
  groundFindings({ ...SOLID, ...ground }, factsWith([], [], facts), { ...TARGET, ...target }).map(
    ({ level, check, message, remedy }) => [level, check, message, remedy],
  )
const wrong = (...words: Parameters<typeof found>) => found(...words).filter(([level]) => level !== 'ok')
const fs = (type: string, ...options: string[]) => ({ fs: { type, options, mount: '/srv' } })

test('firm ground has nothing wrong', () => {
  expect(found({})).toEqual([
    ['ok', 'shell', '/bin/sh; commands are run by its sh', ''],
    ['ok', 'agent', 'our program lies there, of this version', ''],
    ['ok', 'file-system', '/srv/shop lies on ext4, mounted at /srv', ''],
  ])
  expect(wrong({ shell: null, fs: null, agent: 'none' })).toEqual([])
  expect(wrong(fs('overlay', 'rw'))).toEqual([])
})

test('tools are called by whose they are', () => {
  const tools = [
    ['tar', 'tar (GNU tar) 1.34 Copyright'],
    ['gzip', 'gzip 1.12 Copyright'],
    ['sha256sum', "sha256sum: unrecognized option '--version' BusyBox v1.35.0 (Debian) multi-call binary."],
    ['find', 'bsdtar 3.6.2 - libarchive'],
    ['zstd', ''],
  ].map(([name = '', says = '']) => ({ name, says }))
  const words = 'tar (GNU), gzip (GNU), sha256sum (busybox), find (BSD), zstd'
  expect(found({ tools })).toContainEqual(['ok', 'tools', words, ''])
})

test.each([
  [fs('tmpfs', 'rw'), 'warning', 'in memory, and gone after a reboot'],
  [fs('nfs4', 'rw'), 'warning', 'over the network'],
  [fs('fuse.sshfs', 'rw'), 'warning', 'over the network'],
  [fs('vfat', 'rw'), 'error', 'which has no symbolic links'],
  [fs('ext4', 'ro'), 'error', 'is mounted read-only'],
  [fs('ext4', 'rw', 'noexec'), 'warning', 'programs of a release cannot be started'],
] as const)('%j is told', (ground, level, message) => {
  expect(wrong(ground)).toEqual([[level, 'file-system', expect.stringContaining(message), expect.stringMatching(/./)]])
})

test('what start-up files print is told with the file that does it', () => {
  expect(wrong({ shell: '/usr/bin/fish', noise: ['Hello'] })).toEqual([
    [
      'warning',
      'noise',
      'start-up files of the login shell print a line where nobody reads: "Hello"',
      'it does no harm here, but to scp and rsync: have ~/.config/fish/config.fish print only where [ -t 1 ]',
    ],
  ])
})

test('sudo matters where nothing else lets a user have a unit', () => {
  const runner = 'systemd' as const
  expect(wrong({}, {}, { runner })).toMatchObject([
    [
      'error',
      'sudo',
      'sudo -n lets deploy do nothing, so systemd cannot be told to run the app',
      expect.stringContaining('linger'),
    ],
  ])
  for (const user of [{ sudo: true }, { lingers: true }, { root: true }])
    expect(wrong({}, { user: { name: 'deploy', root: false, lingers: false, sudo: false, ...user } }, { runner })).toEqual([])
  expect(wrong({})).toEqual([])
})

test('lines of sudo are those that it can be asked about', () => {
  const hooks = {
    'post-activate': [
      { run: 'sudo -n systemctl reload nginx && sudo -n /usr/bin/true; sudo -n tee "/etc/x"' },
      { run: 'sudo reboot; sudo -n -u www id; visudo -n x' },
    ],
  }
  expect(sudoLines({ hooks: hooks as unknown as Target['hooks'] })).toEqual(['systemctl reload nginx', '/usr/bin/true', 'tee'])
  expect(wrong({ allowed: [{ words: 'tee', ok: false, says: 'sudo: command not found' }] })).toMatchObject([
    ['error', 'sudo', 'sudo -n tee does not work: there is no sudo, or no such program', expect.stringContaining('visudo')],
  ])
})
