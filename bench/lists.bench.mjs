// How long a person waits for a list of 2,000 releases in the store and of 200 on a host, over loopback, as a multiple of what
// Node itself takes to start.
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createJiti } from 'jiti'

const RUNS = 11
const cli = new URL('../dist/cli.js', import.meta.url).pathname

export const title = 'lists'

export async function measure() {
  const support = createJiti(import.meta.url)
  const { startHosts } = await support.import('../test/support/hosts.ts')
  const { fillHost, fillStore, makeReleases } = await support.import('../test/support/many.ts')
  const dir = mkdtempSync(join(tmpdir(), 'releaser-bench-'))
  const hosts = await startHosts(1)
  try {
    const [{ home, name, configEntry }] = hosts.hosts
    const all = makeReleases(2000)
    fillHost(join(home, 'shop'), all.slice(-200), statSync(home))
    const project = join(dir, 'project')
    mkdirSync(project)
    fillStore(join(project, '.releaser'), all, name)
    const prod = { hosts: [configEntry], path: 'shop', identity: hosts.identity, knownHosts: hosts.knownHosts }
    writeFileSync(join(project, 'releaser.config.ts'), `export default ${JSON.stringify({ app: 'shop', targets: { prod } })}`)
    return compare(project, { ...process.env, HOME: dir, RELEASER_SSH_CONFIG: '/dev/null', NO_COLOR: '1' })
  } finally {
    await hosts.stop()
    rmSync(dir, { recursive: true, force: true })
  }
}

function compare(cwd, env) {
  const runs = { bare: ['-e', '0'], store: [cli, 'releases'], host: [cli, 'releases', 'target=prod'] }
  const times = { bare: [], store: [], host: [] }
  // In turns, so that whatever else the machine does falls on all alike; the first of each warms the disk's cache.
  for (let run = 0; run <= RUNS; run++) for (const name of Object.keys(runs)) times[name].push(time(runs[name], { cwd, env }))
  const best = (name) => Math.min(...times[name].slice(1))
  const row = (name, what) => ({ what, is: `${median(times[name].slice(1)).toFixed(0)} ms (at best ${best(name).toFixed(0)})` })
  // Whatever else the machine does only adds to a time: what the best of each say is judged.
  const ratio = (name, what, most) => {
    const is = best(name) / best('bare')
    return { what, is: is.toFixed(2), limit: most.toFixed(2), kept: is <= most }
  }
  return [
    row('bare', 'node -e 0'),
    row('store', 'releaser releases, 2,000'),
    row('host', 'releaser releases target=, 200'),
    ratio('store', 'ratio of the store, at best', 8),
    ratio('host', 'ratio of the host, at best', 12),
  ]
}

function time(args, options) {
  const start = process.hrtime.bigint()
  const { status, stderr } = spawnSync(process.execPath, args, { ...options, encoding: 'utf8' })
  if (status !== 0) throw new Error(`node ${args.join(' ')} ended with ${status}: ${stderr}`)
  return Number(process.hrtime.bigint() - start) / 1e6
}

function median(times) {
  return times.toSorted((a, b) => a - b)[times.length >> 1]
}
