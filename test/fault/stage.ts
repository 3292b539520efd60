import { execFile } from 'node:child_process'
import { mkdir, readdir, readFile, readlink, rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { promisify } from 'node:util'
import type { Target } from '../../src/model/config.ts'
import { CLI } from '../support/cli.ts'
import { type HostsOptions, startHosts, type TestHost, type TestHosts, userProcesses } from '../support/hosts.ts'
import { type Json, type Laptop, laptop, trusting } from '../support/laptop.ts'
import { until } from '../support/until.ts'
import { type Client, type ClientEnd, startClient } from './client.ts'

export type Operation = 'first deploy' | 'deploy' | 'rollback' | 'prune'
export const OPERATIONS: readonly Operation[] = ['first deploy', 'deploy', 'rollback', 'prune']

/** A person's laptop and a host with a real sshd, on which one operation after the other is disturbed. */
export interface Stage {
  readonly hosts: TestHosts
  readonly host: TestHost
  readonly laptop: Laptop
  /** Ids of the releases in the laptop's store, oldest first. */
  readonly releases: readonly string[]
  /** A fresh copy of the host as it is before an operation, in a configuration of its own. */
  scene(operation: Operation, options?: SceneOptions): Promise<Scene>
  stop(): Promise<void>
}

export interface SceneOptions {
  readonly target?: Partial<Target>
  /** A line between the laptop and the host: its port, in place of sshd's. */
  readonly port?: number
  /** Another build of the command line than ours. */
  readonly cli?: string | undefined
}

export interface Scene {
  readonly path: string
  /** What to type for the operation, and in which build. */
  readonly words: readonly string[]
  readonly cli: string
  readonly before: string | null
  readonly after: string | null
  /** Waits until nobody is at work there any more: no process of ours, no lock, no open transaction. */
  settled(seconds: number): Promise<void>
  /** What the host wrote down last and how that fits with what serves. Empty where it does. */
  contradictions(): Promise<readonly string[]>
  start(): Client
  again(): Promise<ClientEnd>
  remove(): Promise<void>
}

/** Hooks that make the time between the switch and the confirmation long enough to be met. */
const SLOWLY: Partial<Target> = { confirm: '8s', hooks: { 'pre-activate': 'true', 'post-activate': 'sleep 0.2' } }

export async function startStage(options: HostsOptions = {}): Promise<Stage> {
  const hosts = await startHosts(1, options)
  const [host] = hosts.hosts
  const mine = await laptop({}, { keep: true })
  const files = Object.fromEntries(Array.from({ length: 30 }, (_, index) => [`app/lib/${index}`, `${index} `.repeat(5000)]))
  await mine.write(files)
  const releases: string[] = []
  const golden = new Map<number, Promise<string>>()
  let scenes = 0

  /** Writes a configuration whose target `prod` is this path, and says how to name it. */
  async function configure(name: string, path: string, { target = {}, port = host.port }: SceneOptions): Promise<string> {
    const knownHosts = join(mine.dir, `${name}.known_hosts`)
    const prod = { ...trusting(hosts), hosts: [{ ...host.configEntry, port }], path, ...SLOWLY, ...target, knownHosts }
    await mine.write({
      [`${name}.json`]: JSON.stringify({ app: 'shop', targets: { prod } }),
      [`${name}.known_hosts`]: `[127.0.0.1]:${port} ${host.hostKey}\n`,
    })
    return `config=${name}.json`
  }

  /** The host after so many deploys, made once. */
  function after(deploys: number): Promise<string> {
    const known = golden.get(deploys) ?? make(deploys)
    golden.set(deploys, known)
    return known
  }

  async function make(deploys: number): Promise<string> {
    const path = join(host.home, `golden-${deploys}.d`)
    if (deploys === 0) return path
    await copy(await after(deploys - 1), path)
    const config = await configure(basename(path), path, { target: { hooks: {} } })
    const { exit, stderr } = await startClient(mine, ['deploy', config, 'target=prod', `release=${releases[deploys - 1]}`]).ended
    if (exit !== 0) throw new Error(stderr)
    return path
  }

  const packing = await configure('packing', host.home, {})
  for (const version of ['a', 'b', 'c']) {
    await mine.write({ 'app/VERSION': version, [`app/only-${version}`]: version.repeat(40_000) })
    const { last, stderr } = await startClient(mine, ['pack', packing, 'dir=app', `version=${version}.0.0`]).ended
    const { id } = (last['release'] ?? {}) as { id?: string }
    if (id === undefined) throw new Error(stderr)
    releases.push(id)
  }
  const [a = '', b = '', c = ''] = releases
  const SCENES: Readonly<Record<Operation, readonly [number, readonly string[], string | null, string]>> = {
    'first deploy': [0, ['deploy', 'target=prod', `release=${a}`], null, a],
    deploy: [1, ['deploy', 'target=prod', `release=${b}`], a, b],
    rollback: [2, ['rollback', 'target=prod', `release=${a}`], b, a],
    prune: [3, ['prune', 'target=prod', 'keep=1'], c, c],
  }

  return {
    hosts,
    host,
    laptop: mine,
    releases,
    scene: async (operation, options = {}) => {
      const [deploys, said, before, serves] = SCENES[operation]
      const from = await after(deploys)
      const name = `scene-${scenes++}.d`
      const path = join(host.home, name)
      await copy(from, path)
      const words = [...said, await configure(name, path, options)]
      const { cli = CLI } = options
      return {
        path,
        words,
        before,
        after: serves,
        settled: (seconds) => untilSettled(path, host.uid, seconds),
        contradictions: () => contradictions(path, before),
        cli,
        start: () => startClient(mine, words, cli),
        again: () => startClient(mine, words, cli).ended,
        remove: () => rm(path, { recursive: true, force: true, maxRetries: 3 }),
      }
    },
    stop: async () => {
      await hosts.stop()
      await rm(dirname(mine.dir), { recursive: true, force: true })
    },
  }
}

async function copy(from: string, to: string): Promise<void> {
  await mkdir(dirname(to), { recursive: true })
  if ((await names(dirname(from))).includes(basename(from))) await promisify(execFile)('cp', ['-a', from, to])
}

async function untilSettled(path: string, uid: number, seconds: number): Promise<void> {
  let held: readonly string[] = []
  const look = async () => {
    held = await heldAt(path, uid)
    return held.length === 0
  }
  await until(look, seconds).catch((cause: unknown) => {
    throw new Error(`not settled within ${seconds} s: ${held.join(', ')}`, { cause })
  })
}

/** Locks, open transactions, and whoever is at work there. */
async function heldAt(path: string, uid: number): Promise<readonly string[]> {
  const rooms = await Promise.all(
    ['lock', 'journal'].map(async (room) => (await names(join(path, '.releaser', room))).map((name) => `${room}/${name}`)),
  )
  const held = rooms.flat()
  if (held.length > 0) return held
  return (await userProcesses(uid)).filter(({ command }) => command.includes(path)).map(({ pid, command }) => `${pid} ${command}`)
}

/** The last line of the history says whether its release serves. */
async function contradictions(path: string, before: string | null): Promise<readonly string[]> {
  const history = await readFile(join(path, '.releaser/history'), 'utf8').catch(() => '')
  const [, , action, release, , , , ok] = history.trimEnd().split('\n').at(-1)?.split('\t') ?? []
  const serves = basename(await readlink(join(path, 'current')).catch(() => '')) || null
  if (release === undefined) return serves === null ? [] : [`${serves} serves and there is no history`]
  const should = action === 'prune' || ok !== 'ok' ? before : release
  return serves === should ? [] : [`the history ends with ${action} ${release}: ${ok}, and ${serves} serves`]
}

async function names(dir: string): Promise<string[]> {
  return readdir(dir).catch(() => [])
}

/** A JSON event that is a step of this name in this state. */
export function isStep(step: string, state: string): (event: Json) => boolean {
  return (event) => event['event'] === 'step' && event['step'] === step && event['state'] === state
}
