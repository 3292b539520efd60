import { randomBytes } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { join, resolve } from 'node:path'
import type { LoadedConfig } from '../local/config.ts'
import { bringBackup } from '../local/fetched.ts'
import { type FileBackup, ownBackup } from '../local/own-backup.ts'
import { inTemporaryFolder } from '../local/temporary.ts'
import type { LaidBackup } from '../model/backup.ts'
import { ReleaserError } from '../model/errors.ts'
import type { Host } from '../model/target.ts'
import { fetchBackup, layOut, sendBackup } from '../remote/backups.ts'
import type { Asked } from '../rollout/host.ts'
import { inParallel } from '../rollout/parallel.ts'
import { chosenOn } from './backup-choice.ts'
import type { Call } from './command.ts'

/** Hosts at once. */
const AT_ONCE = 4

/** A backup that is meant on a host, by its name there, or a file of ours. */
export interface Meant {
  readonly asked: Asked
  readonly name: string
  /** Null where it lies on the host. */
  readonly file: string | null
}

/** Which backup is meant on each host: `latest`, a name there, or, with a `/` in it, a file here. Fails with NOT_FOUND. */
export async function meantOn(call: Call, hosts: readonly Asked[], wanted: string | undefined): Promise<readonly Meant[]> {
  if (wanted?.includes('/')) return hosts.map((asked) => ({ asked, name: wanted.replace(/.*\//, ''), file: resolve(wanted) }))
  return (await chosenOn(call, hosts, wanted)).map(({ asked, backup }) => ({ asked, name: backup.name, file: null }))
}

/** Backups that are unpacked and proven on their hosts, until they are let go of. */
export interface AllLaid {
  of(host: Host): LaidBackup
  release(): Promise<void>
}

/**
 * Has every host unpack and prove its backup; files of ours, and what is encrypted, go there for it. Nothing that serves is touched. Fails
 * with what the first host says: NOT_FOUND, INTEGRITY, NOT_CHANGED, USAGE, INTERRUPTED, CONNECTION.
 */
export async function layAll(
  call: Call,
  { storeDir }: Pick<LoadedConfig, 'storeDir'>,
  meant: readonly Meant[],
): Promise<AllLaid> {
  const { ui, signal } = call
  const laid = new Map<Host, Awaited<ReturnType<typeof layOut>>>()
  const release = async (): Promise<void> => {
    await Promise.all([...laid.values()].map((one) => one.release()))
  }
  try {
    await inParallel(meant, AT_ONCE, async (one) => {
      const { host, remote } = one.asked
      const step = { event: 'step', host: host.name, step: 'unpack' } as const
      ui.observe({ ...step, state: 'start' })
      try {
        const name = await brought(call, storeDir, one)
        const from = name === null ? 'here' : 'sent'
        const key = randomBytes(8).toString('hex')
        laid.set(host, await layOut(remote, host.path, { key, name: name ?? one.name, from }, signal))
        ui.observe({ ...step, state: 'ok' })
      } catch (error) {
        ui.observe({ ...step, state: 'failed' })
        if (!(error instanceof ReleaserError)) throw error
        throw new ReleaserError(error.code, `${host.name}: ${error.message}`, {
          hint: error.hint ?? HINTS[error.code],
          cause: error,
        })
      }
    })
  } catch (error) {
    await release()
    throw error
  }
  const of = (host: Host): LaidBackup => {
    const found = laid.get(host)
    if (found) return found
    throw new ReleaserError('BUG', `nothing is laid out on ${host.name}`)
  }
  return { of, release }
}

const HINTS: Readonly<Record<string, string>> = {
  INTEGRITY: 'nothing was touched; take another one: releaser backups target=NAME',
  NOT_CHANGED: 'nothing was touched',
}

/** Brings what a host cannot open by itself to it, and gives its name there; null where it has all it needs. */
export async function brought(call: Call, storeDir: string, { asked, name, file }: Meant): Promise<string | null> {
  if (file === null && !name.endsWith('.age')) return null
  const { host, remote } = asked
  const { signal, ui } = call
  const identity = call.values['identity'] ?? process.env['RELEASER_AGE_IDENTITY']
  return inTemporaryFolder(storeDir, async (scratch) => {
    const own = await ownBackup(file ?? (await copyOf(call, asked, name, scratch)), { identity, scratch, signal })
    const onSent = (done: number) => ui.observe({ event: 'progress', host: host.name, step: 'send', done, total: own.bytes })
    await sendBackup(remote, host.path, opened(own), signal, onSent)
    return own.name
  })
}

/** What is encrypted there comes here to be opened. */
async function copyOf(call: Call, { remote, host }: Asked, name: string, scratch: string): Promise<string> {
  const { signal, ui } = call
  const probe = await fetchBackup(remote, host.path, name, 0)
  if (!probe) throw new ReleaserError('NOT_FOUND', `there is no backup ${name}`)
  probe.close()
  await bringBackup({
    ...{ dir: scratch, name, sha256: probe.sha256, signal },
    from: (offset) => fetchBackup(remote, host.path, name, offset),
    onProgress: (done, total) => ui.observe({ event: 'progress', host: host.name, step: 'download', done, total }),
  })
  return join(scratch, name)
}

function opened(own: FileBackup) {
  return { ...own, open: () => createReadStream(own.file) }
}
