import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { once } from 'node:events'
import { mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { isRunning } from './is-running.ts'
import { until } from './until.ts'

const run = promisify(execFile)
const PREFIX = 'releaser-engines-'

/** The ways to build a Dockerfile that people have: docker's daemon builds in two. */
export const WAYS = {
  'docker, classic': { engine: 'docker', env: { DOCKER_BUILDKIT: '0' } },
  'docker, BuildKit': { engine: 'docker', env: { DOCKER_BUILDKIT: '1' } },
  podman: { engine: 'podman', env: {} },
  buildah: { engine: 'buildah', env: {} },
} as const
export type Way = keyof typeof WAYS

/** Real engines, with storage of their own: a docker daemon, podman and buildah. */
export interface Engines {
  /** By this environment, programs use these engines. */
  readonly env: Readonly<Record<string, string>>
  /** A small root file system with a shell, as a tarball: no registry can be reached from a test. */
  readonly rootFs: string
  /** Everything that a build must not leave: containers, images with a name or a mark of ours, engines at work. */
  leftovers(): Promise<readonly string[]>
  stop(): Promise<void>
}

export async function startEngines(): Promise<Engines> {
  await sweep()
  const dir = await mkdtemp(join(tmpdir(), `${PREFIX}${process.pid}-`))
  const bridge = await makeBridge(dir)
  const socket = `unix://${dir}/docker.sock`
  const daemon = spawn(
    'dockerd',
    [
      ...['--data-root', `${dir}/docker`, '--exec-root', `${dir}/exec`, '--pidfile', `${dir}/dockerd.pid`, '--host', socket],
      ...['--bridge', bridge, '--iptables=false', '--ip6tables=false', '--ip-forward=false', '--ip-masq=false'],
      '--storage-driver=overlay2',
    ],
    { stdio: ['ignore', 'ignore', 'pipe'], detached: true },
  )
  let log = ''
  daemon.stderr.setEncoding('utf8').on('data', (text: string) => {
    log = (log + text).slice(-4000)
  })
  const { stdout } = await run('sh', ['-c', 'ulimit -Hn'])
  const files = `nofile=${stdout.trim()}:${stdout.trim()}`
  await writeFile(
    join(dir, 'storage.conf'),
    `[storage]\ndriver = "overlay"\ngraphroot = "${dir}/containers"\nrunroot = "${dir}/run"\n`,
  )
  // crun refuses machines with cgroups of both kinds, and root may not raise its limits everywhere.
  await writeFile(
    join(dir, 'containers.conf'),
    `[containers]\nnetns = "host"\ndefault_ulimits = ["${files}", "nproc=32768:32768"]\n[engine]\nruntime = "runc"\ncgroup_manager = "cgroupfs"\nevents_logger = "none"\n`,
  )
  const env = {
    DOCKER_HOST: socket,
    CONTAINERS_CONF: join(dir, 'containers.conf'),
    CONTAINERS_STORAGE_CONF: join(dir, 'storage.conf'),
    // Debian's client, which has BuildKit in itself; another one may lie before it.
    PATH: `/usr/bin:${process.env['PATH']}`,
  }
  const lines = async (command: string, ...args: string[]): Promise<readonly string[]> =>
    (await run(command, args, { env: { ...process.env, ...env } })).stdout.split('\n').filter((line) => line !== '')
  await until(async () => {
    if (daemon.exitCode !== null) throw new Error(`dockerd does not start: ${log}`)
    return lines('docker', 'version', '--format', '{{.Server.Version}}').then(
      () => true,
      () => false,
    )
  }, 60)
  return {
    env,
    rootFs: await makeRootFs(dir),
    leftovers: async () => {
      const found = await Promise.all([
        lines('docker', 'ps', '-a', '--format', 'docker container {{.ID}} {{.Command}}'),
        lines('docker', 'images', '--filter', 'label=releaser.build', '--format', 'marked image {{.ID}}'),
        lines('docker', 'images', '--format', 'docker image {{.Repository}}'),
        lines('podman', 'ps', '-a', '--external', '--format', 'podman container {{.ID}} {{.Names}}'),
        lines('podman', 'images', '--format', 'podman image {{.Repository}}'),
        atWork(dir),
      ])
      return found.flat().filter((line) => !line.endsWith('image <none>'))
    },
    stop: async () => {
      await endDaemon(daemon)
      await clear(dir)
    },
  }
}

async function makeRootFs(dir: string): Promise<string> {
  const root = join(dir, 'root')
  await Promise.all(['bin', 'tmp'].map((name) => mkdir(join(root, name), { recursive: true })))
  const { stdout } = await run('sh', ['-c', 'command -v busybox'])
  await run('cp', ['-L', stdout.trim(), join(root, 'bin/busybox')])
  const { stdout: applets } = await run('busybox', ['--list'])
  for (const name of applets.split('\n')) if (name !== '' && name !== 'busybox') await symlink('busybox', join(root, 'bin', name))
  const file = join(dir, 'root-fs.tar.gz')
  await run('tar', ['-C', root, '-czf', file, '.'])
  return file
}

/** BuildKit's steps want a network, if only one that leads nowhere. Its name is the claim to its addresses. */
async function makeBridge(dir: string): Promise<string> {
  for (;;) {
    const number = randomInt(256)
    const bridge = `rlsr-build-${number}`
    try {
      await run('ip', ['link', 'add', bridge, 'type', 'bridge'])
    } catch (error) {
      if (/File exists/.test(String(error))) continue
      throw error
    }
    await writeFile(join(dir, 'bridge'), bridge)
    await run('ip', ['address', 'add', `100.99.${number}.1/24`, 'dev', bridge])
    return bridge
  }
}

/** Programs that build with these engines, by their environment. */
async function atWork(dir: string): Promise<readonly string[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name))
  const found = await Promise.all(
    pids.map(async (pid) => {
      const env = await readFile(`/proc/${pid}/environ`, 'utf8').catch(() => '')
      return env.includes('RELEASER_BUILD=') && env.includes(dir) ? [`process ${pid}`] : []
    }),
  )
  return found.flat()
}

async function endDaemon(daemon: ChildProcess): Promise<void> {
  if (daemon.exitCode !== null || daemon.signalCode !== null) return
  const exit = once(daemon, 'exit')
  daemon.kill('SIGTERM')
  // It ends its containers and its containerd first; where it hangs, nothing of that matters any more.
  const late = setTimeout(() => daemon.kill('SIGKILL'), 20_000)
  await exit
  clearTimeout(late)
}

async function clear(dir: string): Promise<void> {
  const mounts = (await readFile('/proc/mounts', 'utf8')).split('\n').map((line) => line.split(' ')[1] ?? '')
  for (const mount of mounts.filter((path) => path.startsWith(`${dir}/`)).reverse()) await run('umount', ['--lazy', mount])
  const bridge = await readFile(join(dir, 'bridge'), 'utf8').catch(() => '')
  if (bridge !== '') await run('ip', ['link', 'delete', bridge]).catch(() => {})
  await rm(dir, { recursive: true, force: true })
}

/** What test runs that were killed have left. */
async function sweep(): Promise<void> {
  for (const name of await readdir(tmpdir())) {
    const owner = Number(new RegExp(`^${PREFIX}(\\d+)-`).exec(name)?.[1])
    if (!owner || (await isRunning(owner))) continue
    const dir = join(tmpdir(), name)
    // Only root's: anybody may make a folder of that name.
    if ((await stat(dir)).uid !== process.getuid?.()) continue
    const daemon = Number(await readFile(join(dir, 'dockerd.pid'), 'utf8').catch(() => ''))
    const words = await readFile(`/proc/${daemon}/cmdline`, 'utf8').catch(() => '')
    if (words.includes(dir)) {
      process.kill(daemon, 'SIGTERM')
      await until(async () => !(await isRunning(daemon)))
    }
    await clear(dir)
  }
}
