import { spawn } from 'node:child_process'
import { chmodSync, lstatSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it, vi } from 'vitest'
import { CLI } from '../support/cli.ts'
import { type Demo, startDemo } from '../support/demo.ts'
import { project } from '../support/project.ts'

vi.setConfig({ testTimeout: 300_000 })

/** The README's passage that can be typed: each block of commands, and the words that it says come of them. */
const [TYPED = ''] = /^### Try it: .*?(?=^#)/ms.exec(readFileSync('README.md', 'utf8')) ?? []
const STEPS = [...TYPED.matchAll(/^```sh\n(.*?)^```(?:\n\n```\n(.*?)^```)?$/gms)].map(([, typed = '', told = '']) => ({
  lines: typed.trimEnd().split('\n'),
  told: told.split('\n').filter((line) => line !== ''),
}))

/** Words of which nobody knows before how wide their columns are, and where `…` stands for what differs. */
function worded(line: string): RegExp {
  const words = line.split(/\s+/).map((word) => (word === '…' ? '.*' : word.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')))
  return new RegExp(words.join('\\s+').replaceAll('\\s+.*', '.*'))
}

function type(line: string, demo: Demo, path: string): Promise<{ readonly code: number | null; readonly said: string }> {
  // Neither what ~/.ssh/config may hold nor an agent may make a difference.
  const env = { ...process.env, PATH: path, RELEASER_SSH_CONFIG: '/nonexistent', SSH_AUTH_SOCK: '/nonexistent' }
  return new Promise((resolve, reject) => {
    const child = spawn('/bin/sh', ['-c', `{ ${line.replace(/\s+#.*$/, '')}\n} 2>&1`], {
      cwd: demo.project,
      env: { ...env, CI: undefined, NO_COLOR: undefined, FORCE_COLOR: undefined, NODE_OPTIONS: undefined },
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    let said = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => (said += text))
    child.on('error', reject)
    child.on('close', (code) => resolve({ code, said }))
  })
}

/** What each host serves, read from its disk: `eu1 1.0.0`, and which hosts differ from the others. */
function world({ hosts }: Demo): string {
  const serves = hosts.map(({ host, home }) => ({
    host,
    version: readFileSync(join(home, 'hello/current/version.txt'), 'utf8').trim(),
  }))
  const versions = [...new Set(serves.map(({ version }) => version))]
  const among = (version: string) => serves.flatMap((one) => (one.version === version ? [one.host] : [])).join(' ')
  return versions.map((version) => `${version} on ${among(version)}`).join(', ')
}

/** When `current` was last laid, on every host. */
function switches({ hosts }: Demo): Readonly<Record<string, number>> {
  return Object.fromEntries(hosts.map(({ host, home }) => [host, lstatSync(join(home, 'hello/current')).ctimeMs]))
}

const ALL = 'on eu1 eu2 eu3 us1 us2 us3'

it('the README is as good as its word: a federation deploys, fails, goes back, recovers', async () => {
  const [opening, ...steps] = STEPS
  expect(opening?.lines).toEqual(['releaser demo hosts=6   # from a clone: npm run demo -- hosts=6'])
  const demo = await startDemo('hosts=6')
  const bin = await project({ releaser: `#!/bin/sh\nexec '${process.execPath}' '${CLI}' "$@"\n` })
  chmodSync(join(bin, 'releaser'), 0o755)
  const path = `${bin}:${process.env['PATH']}`
  const came: (readonly [string, number | null, string])[] = []
  for (const { lines, told } of steps) {
    let all = ''
    for (const line of lines) {
      const before = came.length > 0 ? switches(demo) : {}
      const { code, said } = await type(line, demo, path)
      all += said
      expect([line, code, said]).toEqual([line, Number(/# exit (\d+)/.exec(line)?.[1] ?? 0), said])
      if (/^releaser (deploy|resume|rollback)/.test(line)) came.push([line.split('   ')[0] ?? '', code, world(demo)])
      if (code !== 7) continue
      // `eu` comes first: where it fails, nobody of `us` has served the new release even for a moment.
      const after = switches(demo)
      const moved = Object.keys(after).filter((host) => after[host] !== before[host])
      expect(moved).toEqual(expect.arrayContaining(['eu1', 'eu2']))
      expect(moved.filter((host) => host.startsWith('us'))).toEqual([])
      await neverOn('us', demo, path)
    }
    let at = 0
    for (const line of told) {
      const found = worded(line).exec(all.slice(at))
      expect(found, `${line}\n\nis not said, or not in this order, by ${lines.join('; ')}, which said:\n${all}`).not.toBeNull()
      at += (found?.index ?? 0) + (found?.[0].length ?? 0)
    }
  }
  expect(came).toEqual([
    ['releaser deploy target=world', 0, `1.0.0 ${ALL}`],
    ['releaser deploy target=world --build', 7, `1.0.0 ${ALL}`],
    ['releaser deploy target=world', 0, '1.1.0 on eu1 eu2 eu3 us1 us3, 1.0.0 on us2'],
    ['releaser resume target=world', 0, `1.1.0 ${ALL}`],
    ['releaser deploy target=world --build', 3, `1.1.0 ${ALL}`],
    ['releaser deploy target=world --skip-unreachable', 0, '1.2.0 on eu1 eu2 eu3 us1 us2, 1.1.0 on us3'],
    ['releaser deploy target=world', 0, `1.2.0 ${ALL}`],
    ['releaser rollback target=world', 0, `1.1.0 ${ALL}`],
  ])
  for (const { home } of demo.hosts)
    for (const room of ['lock', 'journal', 'tx', 'flip', 'trash'])
      expect(readdirSync(join(home, 'hello/.releaser', room)), `${home} ${room}`).toEqual([])
})

/** That the last rollout changed nothing on a target's hosts, in their own words. */
async function neverOn(target: string, demo: Demo, path: string): Promise<void> {
  const { said } = await type(`releaser history target=${target} limit=3 --json`, demo, path)
  const { entries } = JSON.parse(said.trimEnd().split('\n').at(-1) ?? '') as {
    readonly entries: readonly { readonly host: string; readonly result: string }[]
  }
  const results = entries.map(({ host, result }) => `${host} ${result.split(':')[0]}`)
  expect(results.sort()).toEqual([1, 2, 3].map((number) => `${target}${number} unchanged`))
}
