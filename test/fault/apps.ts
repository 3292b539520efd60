import { readFile, readlink } from 'node:fs/promises'
import { join } from 'node:path'
import { currentOf } from './invariants.ts'
import { allProcesses } from './processes.ts'
import { APP_SECONDS } from './scenarios.ts'

interface Running {
  readonly pid: number
  readonly cwd: string
}

/** The apps that run from the releases of the host at `path`. */
async function appsAt(path: string): Promise<readonly Running[]> {
  const found = allProcesses()
    .filter(({ words }) => words === `sleep\0${APP_SECONDS}\0`)
    .map(async ({ pid }): Promise<Running> => ({ pid, cwd: await readlink(`/proc/${pid}/cwd`).catch(() => '') }))
  return (await Promise.all(found)).filter(({ cwd }) => cwd.startsWith(join(path, 'releases/')))
}

export async function endApps(path: string): Promise<void> {
  for (const { pid } of await appsAt(path)) {
    try {
      process.kill(pid, 'SIGKILL')
    } catch {
      // It has ended by itself.
    }
  }
}

/** Whether an app runs from any release of the host at `path`. */
export async function appRuns(path: string): Promise<boolean> {
  return (await appsAt(path)).length > 0
}

/** What excuses an app: its host has died, which has the app end, and is put right when somebody comes next; or it may be down for another reason. */
export type Excuse = 'host died' | 'may be down' | null

/** What is wrong with the app of a host at rest: it must run from what is current, with the environment that lies in shared/env. */
export async function appViolations(path: string, excuse: Excuse): Promise<readonly string[]> {
  const [apps, { dir }] = [await appsAt(path), await currentOf(path)]
  const wrong = apps.filter(({ cwd }) => cwd !== join(path, 'releases', dir ?? '-'))
  const found = wrong.map(({ cwd }) => `an app runs from ${cwd}, and current is ${dir}`)
  if (apps.length > 1) found.push(`${apps.length} apps run`)
  if (apps.length === 0 && dir !== null && excuse === null) found.push(`${dir} is current, and no app runs`)
  const [text, version] = await Promise.all(
    ['shared/env', 'current/VERSION'].map((name) => readFile(join(path, name), 'utf8').catch(() => '')),
  )
  const word = /^WORD="(.*)"$/m.exec(text ?? '')?.[1] ?? ''
  if (dir !== null && word !== version && excuse !== 'host died')
    found.push(`shared/env is that of ${word}, and ${version} is current`)
  return found
}
