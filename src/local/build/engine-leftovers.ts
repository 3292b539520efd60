import { randomBytes } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { birthOf, MACHINE } from '../life.ts'
import { DIALECTS, HOST } from './engine.ts'
import { ask, type Engine } from './engine-find.ts'
import { endOrphans } from './orphans.ts'

const DAY = 86_400
const now = (): number => Math.floor(Date.now() / 1000)

/** A new mark: which process of which machine builds, since when, and which of its builds it is. */
export function buildMark(): string {
  return [MACHINE, process.pid, birthOf(process.pid), now(), randomBytes(6).toString('hex')].join('~')
}

/** Whether nobody works on that build any more; on other machines' word, when it is a day old. */
function isOver(mark: string): boolean {
  const [machine, pid, birth, since] = mark.split('~')
  if (pid === undefined || birth === undefined) return false
  return machine === MACHINE ? birthOf(Number(pid)) !== birth : Number(since) < now() - DAY
}

/** Ends and removes what builds that were killed have left behind. */
export async function clearDead(engine: Engine): Promise<void> {
  await endOrphans(isOver)
  await clear(engine, isOver)
}

/** Removes what this build has left behind. */
export async function clearOwn(engine: Engine, own: string): Promise<void> {
  await clear(engine, (mark) => mark === own)
}

/** What cannot be removed is tried again by the next build, and is in nobody's way meanwhile. */
async function clear(engine: Engine, isMeant: (mark: string) => boolean): Promise<void> {
  const { marked, removeWorking } = DIALECTS[engine.kind]
  for (const kind of marked) {
    for (const id of (await ask(engine, kind.list)).said) {
      const [mark = ''] = (await ask(engine, kind.mark(id))).said
      if (isMeant(mark)) await ask(engine, kind.remove(id))
    }
  }
  if (engine.containers === null || removeWorking === null) return
  for (const { id, mark } of await workingContainers(engine.containers)) if (isMeant(mark)) await ask(engine, removeWorking(id))
}

/** The containers in which podman and buildah carry out the steps of a Dockerfile cannot be labelled; they keep their hosts. */
async function workingContainers(folder: string): Promise<readonly { readonly id: string; readonly mark: string }[]> {
  const ids = await readdir(folder).catch(() => [])
  const found = await Promise.all(
    ids.map(async (id) => {
      const text = await readFile(join(folder, id, 'userdata/buildah.json'), 'utf8').catch(() => '')
      const mark = text.split(`"${HOST}`)[1]?.split(':127.0.0.1"')[0]
      return mark === undefined ? [] : [{ id, mark }]
    }),
  )
  return found.flat()
}
