import { execFile } from 'node:child_process'
import { existsSync, mkdirSync } from 'node:fs'
import { chmod, mkdir, mkdtemp, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { ReleaserError } from '../../src/model/errors.ts'
import { AGENT_HASH, AGENT_SCRIPT } from '../../src/remote/agent-script.ts'
import { processRemote } from '../../src/remote/process.ts'
import { imageDisk, type Loss, type PowerDisk } from '../support/disk.ts'
import { driver, type TestRelease } from '../support/driver.ts'
import { until } from '../support/until.ts'
import { leftovers, violations } from './invariants.ts'

const run = promisify(execFile)

/** What is under way when the power goes. */
export const OPERATIONS = ['first deploy', 'redeploy', 'rollback'] as const
export type Operation = (typeof OPERATIONS)[number]

export interface PowerLossInput {
  readonly type: 'ext4' | 'xfs'
  /** How many points for each operation, spread evenly over the calls that change something on the disk. */
  readonly points: Readonly<Record<Operation, number>>
  /** Changes the agent that lies on the host, to see that the test bites. */
  readonly breakAgent?: (script: string) => string
  /** Where one violation is all that is wanted. */
  readonly stopAtFirst?: boolean
}

export interface PowerLossResult {
  /** How many cuts there were of each operation. */
  readonly cuts: Readonly<Record<Operation, number>>
  /** One line for everything that was wrong at a point. */
  readonly violations: readonly string[]
}

/**
 * Cuts the power of a host's disk in the middle of operations, before and after its N-th call of a tool that changes files,
 * mounts it again, looks at what is there, and runs the same command once more.
 */
export async function cutPower({ type, points, breakAgent, stopAtFirst = false }: PowerLossInput): Promise<PowerLossResult> {
  const base = await mkdtemp(join(tmpdir(), 'releaser-power-'))
  const disk = await imageDisk(type)
  try {
    const bench = await prepareBench(base, disk, breakAgent)
    const found: string[] = []
    for (const operation of OPERATIONS) {
      if (points[operation] === 0 || (stopAtFirst && found.length > 0)) continue
      const calls = await bench.countCalls(operation)
      for (let index = 0; index < points[operation] && !(stopAtFirst && found.length > 0); index++) {
        const at = 1 + Math.floor(((index + 0.5) * calls) / points[operation])
        // All four kinds of cut come in turn.
        const when = index % 2 === 0 ? 'after' : 'before'
        const lose: Loss = index % 4 < 2 ? 'data' : 'all'
        for (const what of await bench.cut(operation, { at, when, lose }))
          found.push(`${type}, ${operation}, ${when} call ${at} of ${calls}, ${lose} lost: ${what}`)
      }
    }
    return { cuts: points, violations: found }
  } finally {
    await disk.remove()
    await rm(base, { recursive: true, force: true })
  }
}

/** An agent that syncs nothing. */
export function unsynced(script: string): string {
  return script.replace(/^durable\(\).*$/m, 'durable() { :; }').replace(/^durable_tree\(\).*$/m, 'durable_tree() { :; }')
}

interface Cut {
  readonly at: number
  readonly when: 'before' | 'after'
  readonly lose: Loss
}

/** Two releases, and a deploy path for each operation as it is when the operation begins. */
async function prepareBench(base: string, disk: PowerDisk, breakAgent: PowerLossInput['breakAgent']) {
  const calm = { ...disk.env, PATH: '/usr/bin:/bin', HOME: base }
  const shipping = driver({ hosts: [] })
  const [a, b] = [await shipping.pack(await tree(base, 'a'), '1'), await shipping.pack(await tree(base, 'b'), '2')]
  const digests = new Map([a, b].map(({ id, digest }) => [id, digest.replace('sha256:', '')]))
  let number = 0

  function at(path: string, env: Readonly<Record<string, string>>, isUp: () => boolean = () => true) {
    const connect = async () => {
      if (!isUp()) throw new ReleaserError('CONNECTION', 'the host is down')
      return processRemote({ env, cwd: base })
    }
    const d = driver({ hosts: [{ connect, path }], target: { shared: { dirs: ['log'], files: ['etc/app.conf'] } } })
    return (operation: Operation) =>
      operation === 'rollback' ? d.roll(a, { action: 'rollback' }) : d.roll(operation === 'redeploy' ? b : a)
  }

  /** A fresh deploy path on the disk, wholly written. */
  async function begin(operation: Operation): Promise<string> {
    const path = join(disk.dir, `app-${++number}`)
    const ready = join(base, operation)
    if (!existsSync(ready)) {
      await mkdir(ready)
      if (operation !== 'first deploy') await at(ready, calm)('first deploy')
      if (operation === 'rollback') await at(ready, calm)('redeploy')
    }
    await run('cp', ['-a', ready, path])
    if (breakAgent) await plant(path, breakAgent)
    await run('sync', ['-f', disk.dir])
    return path
  }

  async function countCalls(operation: Operation): Promise<number> {
    const path = await begin(operation)
    const shims = await makeShims(base, ':', 0, 'after')
    await at(path, { ...calm, PATH: `${shims.dir}:${calm.PATH}` })(operation)
    await rm(path, { recursive: true })
    return (await stat(shims.counter)).size
  }

  async function cut(operation: Operation, { at: call, when, lose }: Cut): Promise<string[]> {
    const path = await begin(operation)
    const shims = await makeShims(base, disk.cutCommand(lose), call, when)
    const power = { on: true }
    const ended = at(path, { ...calm, PATH: `${shims.dir}:${calm.PATH}` }, () => power.on)(operation)
    let told: 'done' | 'unknown' = 'unknown'
    const over = ended.then(
      () => true,
      () => true,
    )
    ended.then(
      () => {
        if (!existsSync(shims.isCut)) told = 'done'
      },
      () => {}, // there is nobody left to ask: what it says is that it does not know
    )
    await until(async () => existsSync(shims.isCut) || told === 'done' || (await Promise.race([over, false])))
    if (!existsSync(shims.isCut)) mkdirSync(shims.isCut) // the calls differ by a few from run to run: the power goes at the end
    power.on = false
    await run('sh', ['-c', disk.cutCommand(lose)]).catch(() => {}) // off already
    await disk.powerUp()

    const wanted: TestRelease = operation === 'redeploy' ? b : a
    const before = { 'first deploy': null, redeploy: a.id, rollback: b.id }[operation]
    const found = [...(await violations(path, { before, after: wanted.id, reported: told, digests }))]
    try {
      const [outcome] = await at(path, calm)(operation)
      if (!outcome?.ok) found.push(`the rerun ended with ${outcome?.state}`)
      found.push(...(await violations(path, { before, after: wanted.id, reported: 'done', digests })))
      found.push(...(await leftovers(path)))
    } catch (error) {
      found.push(`the rerun failed: ${(error as Error).message}`)
    }
    await rm(path, { recursive: true })
    await rm(shims.dir, { recursive: true })
    return found
  }

  return { countCalls, cut }
}

/** Lays a changed agent there, under the name of the real one, so that none is sent. */
export async function plant(path: string, change: (script: string) => string): Promise<void> {
  const script = AGENT_SCRIPT.toString('utf8')
  const changed = change(script)
  if (changed === script) throw new Error('the agent was not changed')
  await mkdir(join(path, '.releaser'), { recursive: true, mode: 0o700 })
  await writeFile(join(path, '.releaser', `agent-${AGENT_HASH}.sh`), changed)
}

const TOOLS = ['chmod', 'cp', 'ln', 'mkdir', 'mkfifo', 'mv', 'rm', 'rmdir', 'sync', 'tar']
let shimSets = 0

/** Tools that count their calls, and run a command once, before or after call N. */
async function makeShims(base: string, command: string, at: number, when: 'before' | 'after') {
  const dir = join(base, `shims-${++shimSets}`)
  const [counter, isCut] = [join(dir, '.calls'), join(dir, '.cut')]
  await mkdir(dir)
  await writeFile(counter, '')
  const strike = `[ -e ${isCut} ] || [ "$(/usr/bin/wc -c <${counter})" -lt ${at} ] || [ ${at} = 0 ] || { ${command} && /usr/bin/mkdir ${isCut}; } 2>/dev/null`
  for (const tool of TOOLS) {
    const lines =
      when === 'before'
        ? [`printf . >>${counter}`, strike, `exec /usr/bin/${tool} "$@"`]
        : [`/usr/bin/${tool} "$@"`, 'code=$?', `printf . >>${counter}`, strike, 'exit $code']
    await writeFile(join(dir, tool), `#!/bin/sh\n${lines.join('\n')}\n`)
    await chmod(join(dir, tool), 0o755)
  }
  return { dir, counter, isCut }
}

/** Some files that change from release to release, some that do not, a link, and content under shared paths. */
async function tree(base: string, version: string): Promise<string> {
  const dir = await mkdtemp(join(base, 'build-'))
  await mkdir(join(dir, 'lib/deep'), { recursive: true })
  await mkdir(join(dir, 'etc'))
  for (let file = 0; file < 12; file++) {
    await writeFile(join(dir, 'lib', `new-${file}`), `${version} ${file}\n`.repeat(200))
    await writeFile(join(dir, 'lib/deep', `same-${file}`), `same ${file}\n`.repeat(200))
  }
  await symlink('lib/new-0', join(dir, 'link'))
  await writeFile(join(dir, 'etc/app.conf'), 'seeded\n')
  return dir
}
