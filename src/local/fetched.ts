import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { link, open, readdir, rename, rm, stat, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { byAge, isOf } from '../model/backup.ts'
import { ReleaserError } from '../model/errors.ts'
import { whenAborted } from '../model/when-aborted.ts'
import { privateFolder, syncFolder, writeDurably } from './durable.ts'
import { sha256Of } from './own-backup.ts'

/** A file on its way here. */
export interface Coming {
  /** Of all of it. */
  readonly bytes: number
  readonly sha256: string
  /** From the offset on that was asked for. */
  readonly stream: Readable
  close(): void
}

/** How a backup is to be brought here. */
export interface Bringing {
  readonly dir: string
  readonly name: string
  readonly sha256: string
  /** Hands it over from an offset on; null where it is not there any more. */
  readonly from: (offset: number) => Promise<Coming | null>
  readonly signal: AbortSignal
  readonly onProgress: (done: number, total: number) => void
}

/**
 * Brings a backup into a folder, with its .sha256, and gives whether it had to come. What was cut off goes on where it was; nothing has the
 * name that is not what it was on its host. Fails with INTEGRITY, NOT_FOUND, CONNECTION, INTERRUPTED.
 */
export async function bringBackup(bringing: Bringing): Promise<boolean> {
  const { dir, name, sha256, signal } = bringing
  const file = join(dir, name)
  await privateFolder(dir)
  if (await there(file)) {
    if ((await sha256Of(file, signal)) === sha256) return false
    throw new ReleaserError('INTEGRITY', `${file} is there, and is not what the host has`, {
      hint: 'see what it is, and move it away',
    })
  }
  // What a cut-off try has left may be of another time: then once more from the beginning.
  if (!(await append(bringing, `${file}.part`)) && !(await append(bringing, `${file}.part`)))
    throw new ReleaserError('INTEGRITY', `${name} is not what it was: its sha256 is another`, {
      hint: `see which backups are whole: releaser backup-verify target=NAME backup=NAME`,
    })
  await writeDurably(`${file}.sha256`, `${sha256}  ${name}\n`, `${file}.sha256.${process.pid}.part`)
  await named(`${file}.part`, file)
  await syncFolder(dir)
  return true
}

/** Adds what is missing of a file; false, and it is gone, where the whole is not what it should be. */
async function append({ from, name, sha256, signal, onProgress }: Bringing, part: string): Promise<boolean> {
  const hash = createHash('sha256')
  let done = (await stat(part).catch(() => null))?.size ?? 0
  if (done > 0) for await (const chunk of createReadStream(part)) hash.update(chunk as Buffer)
  const coming = await from(done)
  if (!coming) throw new ReleaserError('NOT_FOUND', `${name} is not there any more`)
  const letGo = whenAborted(signal, () => coming.close())
  const file = await open(part, 'a', 0o600)
  try {
    for await (const chunk of coming.stream) {
      await file.appendFile(chunk as Buffer)
      hash.update(chunk as Buffer)
      done += (chunk as Buffer).length
      onProgress(done, coming.bytes)
      // It is not what was promised, and may never end.
      if (!(done <= coming.bytes)) break
    }
    await file.sync()
  } catch (error) {
    if (!signal.aborted && !(error instanceof Error && 'syscall' in error && 'path' in error)) throw lost(name, error)
    if (!signal.aborted) throw error
  } finally {
    letGo()
    coming.close()
    await file.close()
  }
  if (signal.aborted)
    throw new ReleaserError('INTERRUPTED', 'stopped while fetching', { hint: 'run it again: what has come is kept' })
  if (done < coming.bytes) throw lost(name)
  if (done === coming.bytes && coming.sha256 === sha256 && hash.digest('hex') === sha256) return true
  await rm(part, { force: true })
  return false
}

function lost(name: string, cause?: unknown): ReleaserError {
  return new ReleaserError('CONNECTION', `the line was lost while ${name} came`, {
    hint: 'run it again: what has come is kept',
    cause,
  })
}

/** Never in the place of another file, where the disk can tell. */
async function named(from: string, to: string): Promise<void> {
  try {
    await link(from, to)
    await unlink(from)
  } catch (error) {
    if (await there(to)) throw error
    await rename(from, to)
  }
}

async function there(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  )
}

/** Keeps the newest so many backups of an app and target in a folder, and gives the names of those that went. What has no .sha256 stays. */
export async function keepNewest(
  dir: string,
  { app, target, keep }: { readonly app: string; readonly target: string; readonly keep: number },
): Promise<readonly string[]> {
  const all = await readdir(dir)
  const ours = all.filter((name) => isOf(name, { app, target }) && all.includes(`${name}.sha256`)).map((name) => ({ name }))
  const old = byAge(ours)
    .slice(Math.max(1, keep))
    .map(({ name }) => name)
  for (const name of old) {
    await rm(join(dir, name), { force: true })
    await rm(join(dir, `${name}.sha256`), { force: true })
  }
  // What was cut off and is older than what is whole will never be whole.
  for (const name of all.filter((each) => each.endsWith('.part') && isOf(each.replace(/\.part$/, ''), { app, target })))
    if (!ours.some((other) => `${other.name}.part` === name)) await rm(join(dir, name), { force: true })
  if (old.length > 0) await syncFolder(dir)
  return old
}
