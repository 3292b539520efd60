import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { appendFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { oddTree, timerHost } from '../support/timer-host.ts'
import { listTree } from '../support/tree.ts'

const blocks = [...readFileSync('docs/backup.md', 'utf8').matchAll(/^```sh\n(.*?)^```$/gms)].map(([, block = '']) => block)
const example = (word: string) => blocks.filter((block) => block.includes(word))

it('the example of restic takes backups off the host, and brings them back', { timeout: 120_000 }, async () => {
  const host = timerHost('dash')
  onTestFinished(() => host.remove())
  const [[hook = ''], [back = '']] = [example('restic init'), example('restic dump')]
  const base = join(host.root, '..')
  const restic = {
    RESTIC_REPOSITORY: join(base, 'vault'),
    RESTIC_PASSWORD: 'it is "$s" \\',
    RESTIC_CACHE_DIR: join(base, 'cache'),
  }
  const own = { ...restic, RELEASER_HOST: 'web1', RELEASER_APP: 'shop', RELEASER_TARGET: 'prod' }
  const env = Object.entries(own).map(([name, value]) => ['env', name, value])
  const told = [
    ['post-backup', hook],
    ['patience', '100'],
    ['on-failure', 'stop'],
    ['hook-data', '{}'],
  ]
  const shared = join(host.root, 'shared')
  oddTree(join(shared, 'data'))
  writeFileSync(join(shared, 'data/big'), randomBytes(5_000_000))
  host.install('backup', [...env, ['path', 'shared/data'], ...told])
  const stored = () => Number(execFileSync('du', ['-sk', restic.RESTIC_REPOSITORY], { encoding: 'utf8' }).split('\t')[0])

  expect(host.run('run', 'backup')).toEqual({ code: 0, said: '' })
  const first = stored()
  appendFileSync(join(shared, 'data/deep/-n'), 'more')
  expect(host.run('run', 'backup')).toEqual({ code: 0, said: '' })
  expect([first > 4800, stored() - first < 3000]).toEqual([true, true])

  mkdirSync(join(base, 'SCRATCH'))
  execFileSync('sh', ['-c', `set -e; ${back}`], { cwd: base, env: { ...process.env, ...restic } })
  expect(await listTree(join(base, 'SCRATCH/shared/data'))).toEqual(await listTree(join(shared, 'data')))

  host.install('backup', [...env, ['env', 'RESTIC_PASSWORD', 'wrong'], ['path', 'shared/data'], ...told])
  const { code, said } = host.run('run', 'backup')
  expect([code, said]).toEqual([1, expect.stringMatching(/post-backup ended with exit code 1: .*config file already exists/)])
  expect(host.backups().good).toHaveLength(3)
})
