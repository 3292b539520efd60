import { execFile, spawn } from 'node:child_process'
import { mkdir, mkdtemp, open, readFile, realpath, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { isRunning } from './is-running.ts'
import { until } from './until.ts'

export interface Said {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

/** A deploy directory where the scripts of a Service are run as the agent runs them. */
export interface ServiceHost {
  readonly root: string
  /** The folder of the release with this id; it is the test's to fill. */
  dir(id: string): string
  /** Runs a script to its end, in that release, with these words as `$1` and on. */
  say(id: string, script: string | null, ...words: readonly string[]): Promise<Said>
  /** Starts the app, detached; what it prints goes to `shared/log/app.log`. Its process id. */
  start(id: string, script: string): Promise<number>
  log(): Promise<string>
  /** Kills what still runs. */
  end(): Promise<void>
  /** The same, and removes all. */
  remove(): Promise<void>
}

/** `env` is the app's environment; beside it there is what a login without a terminal has. */
export async function serviceHost(env: Readonly<Record<string, string>>, path = process.env['PATH']): Promise<ServiceHost> {
  const root = await realpath(await mkdtemp(join(tmpdir(), 'releaser service-')))
  for (const dir of ['releases', 'shared/log', 'home']) await mkdir(join(root, dir), { recursive: true })
  const started: number[] = []
  const dir = (id: string) => join(root, 'releases', id)
  const at = (id: string) => ({
    cwd: dir(id),
    env: { PATH: path, HOME: join(root, 'home'), RELEASER_PATH: root, RELEASER_RELEASE_DIR: dir(id), ...env },
  })
  const end = async () => {
    for (const pid of started.splice(0)) {
      if (await isRunning(pid)) process.kill(-pid, 'SIGKILL')
      await until(async () => !(await isRunning(pid)))
    }
  }
  const log = join(root, 'shared/log/app.log')
  return {
    root,
    dir,
    say: (id, script, ...words) =>
      new Promise((resolve) => {
        if (script === null) throw new Error('this runner cannot do that')
        execFile('sh', ['-c', script, 'sh', ...words], at(id), (error, stdout, stderr) =>
          resolve({ code: typeof error?.code === 'number' ? error.code : error ? -1 : 0, stdout, stderr }),
        )
      }),
    start: async (id, script) => {
      const out = await open(log, 'a')
      const child = spawn('sh', ['-c', script, 'sh'], { ...at(id), detached: true, stdio: ['ignore', out.fd, out.fd] })
      await out.close()
      child.unref()
      if (child.pid === undefined) throw new Error('sh did not start')
      started.push(child.pid)
      return child.pid
    },
    log: () => readFile(log, 'utf8'),
    end,
    remove: async () => {
      await end()
      await rm(root, { recursive: true, force: true })
    },
  }
}
