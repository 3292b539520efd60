// What a rollout costs over many hosts, each a real sshd with a user of its own: how much longer a redeploy that has nothing to do
// takes for 20 than for one, and how much memory the client holds while it brings a release of 100 MB to 50.
import { spawn, spawnSync } from 'node:child_process'
import { randomFillSync } from 'node:crypto'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createJiti } from 'jiti'

const RUNS = 7
const MANY = 20
const MOST = 50
/** Of the big release: bytes that no compressor makes smaller, in files of a size that is usual. */
const FILES = 2000
const BYTES = 100_000_000
/** Milliseconds of one tick of `/proc/PID/stat`, which is the same everywhere that matters. */
const TICK = 10
const cli = new URL('../dist/cli.js', import.meta.url).pathname

export const title = 'rollout'

export async function measure() {
  const support = createJiti(import.meta.url)
  const { startHosts } = await support.import('../test/support/hosts.ts')
  const dir = mkdtempSync(join(tmpdir(), 'releaser-bench-'))
  const hosts = await startHosts(MOST)
  try {
    const project = makeProject(dir, hosts)
    const env = { ...process.env, HOME: dir, RELEASER_SSH_CONFIG: '/dev/null', NO_COLOR: '1' }
    return [...redeploys(project, env), ...(await firstDeploy(project, env))]
  } finally {
    await hosts.stop()
    rmSync(dir, { recursive: true, force: true })
  }
}

/** One target for what is small, and one, on the same hosts, for what is big. */
function makeProject(dir, { hosts, identity, knownHosts }) {
  const project = join(dir, 'project')
  const common = { identity, knownHosts, strategy: { batch: '100%' } }
  const entries = hosts.map(({ configEntry }) => configEntry)
  const targets = {
    small: { ...common, hosts: entries.slice(0, MANY), path: 'small' },
    big: { ...common, hosts: entries, path: 'big' },
  }
  mkdirSync(join(project, 'small'), { recursive: true })
  mkdirSync(join(project, 'big'))
  writeFileSync(join(project, 'releaser.config.json'), JSON.stringify({ app: 'bench', targets }))
  writeFileSync(join(project, 'small/file'), 'small')
  const noise = Buffer.alloc(BYTES / FILES)
  for (let file = 0; file < FILES; file++) writeFileSync(join(project, `big/${file}`), randomFillSync(noise))
  return project
}

function redeploys(cwd, env) {
  releaser({ cwd, env }, 'pack', 'dir=small', 'version=1.0.0')
  releaser({ cwd, env }, 'deploy', 'target=small', '--yes')
  const runs = { 1: [], [MANY]: [] }
  // In turns, so that whatever else the machine does falls on both alike; the first of each warms the disk's cache.
  for (let run = 0; run <= RUNS; run++)
    for (const many of [1, MANY]) runs[many].push(releaser({ cwd, env }, 'deploy', 'target=small', `host=h[1:${many}]`, '--yes'))
  // Whatever else the machine does only adds to a time: what the best of each say is judged.
  const best = (many, key) => Math.min(...runs[many].slice(1).map((run) => run[key]))
  const row = (many) => ({
    what: `nothing to do on ${many}`,
    is: `${best(many, 'wall').toFixed(0)} ms at best; processor: client ${best(many, 'client')} ms, hosts ${best(many, 'hosts')} ms`,
  })
  const ratio = best(MANY, 'wall') / best(1, 'wall')
  return [row(1), row(MANY), { what: 'ratio, at best', is: ratio.toFixed(2), limit: '4.00', kept: ratio <= 4 }]
}

/** Brings the big release to all, and tells the most memory that the client, and the programs that it started, held. */
async function firstDeploy(cwd, env) {
  releaser({ cwd, env }, 'pack', 'dir=big', 'version=2.0.0')
  const begun = process.hrtime.bigint()
  const child = spawn(process.execPath, [cli, 'deploy', 'target=big', '--yes'], { cwd, env, stdio: 'ignore' })
  let client = 0
  let programs = 0
  const watch = setInterval(() => {
    client = Math.max(client, memoryOf(child.pid, 'VmHWM'))
    programs = Math.max(
      programs,
      childrenOf(child.pid).reduce((sum, pid) => sum + memoryOf(pid, 'VmRSS'), 0),
    )
  }, 25)
  const [status] = await once(child, 'exit')
  clearInterval(watch)
  if (status !== 0) throw new Error(`releaser deploy ended with ${status}`)
  const seconds = Number(process.hrtime.bigint() - begun) / 1e9
  return [
    { what: `${BYTES / 1e6} MB to ${MOST}`, is: `${seconds.toFixed(0)} s` },
    { what: 'memory of the client', is: `${client.toFixed(0)} MB`, limit: '200 MB', kept: client > 0 && client < 200 },
    { what: 'and of its programs', is: `${programs.toFixed(0)} MB` },
  ]
}

/** Runs it, and tells how long it took, and for how long the processors worked for it: here, and for the hosts. */
function releaser(options, ...args) {
  const before = { client: ticksOf('self').children, hosts: ticksOfHosts() }
  const begun = process.hrtime.bigint()
  const { status, stderr } = spawnSync(process.execPath, [cli, ...args], { ...options, encoding: 'utf8' })
  const wall = Number(process.hrtime.bigint() - begun) / 1e6
  if (status !== 0) throw new Error(`releaser ${args.join(' ')} ended with ${status}: ${stderr}`)
  return { wall, client: ticksOf('self').children - before.client, hosts: ticksOfHosts() - before.hosts }
}

/** Of the servers, which are our own children, and all sessions that have ended. */
function ticksOfHosts() {
  return childrenOf(process.pid).reduce((sum, pid) => sum + ticksOf(pid).own + ticksOf(pid).children, 0)
}

/** Milliseconds that a process, and its children that have ended, had a processor. */
function ticksOf(pid) {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1).split(' ')
  const [user, system, usersChildren, systemsChildren] = fields.slice(11, 15).map(Number)
  return { own: (user + system) * TICK, children: (usersChildren + systemsChildren) * TICK }
}

function childrenOf(pid) {
  return readdirSync(`/proc/${pid}/task`).flatMap((thread) => {
    try {
      return readFileSync(`/proc/${pid}/task/${thread}/children`, 'utf8').trim().split(' ').filter(Boolean)
    } catch {
      return []
    }
  })
}

function memoryOf(pid, field) {
  try {
    const kibibytes = new RegExp(`${field}:\\s+(\\d+)`).exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1]
    return (Number(kibibytes) * 1024) / 1e6
  } catch {
    return 0
  }
}
