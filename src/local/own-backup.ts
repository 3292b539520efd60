import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { readFile, stat } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { ReleaserError } from '../model/errors.ts'
import { decrypt } from './age.ts'

/** A backup that lies here, open to be read. */
export interface FileBackup {
  readonly name: string
  readonly file: string
  readonly bytes: number
  readonly sha256: string
}

/**
 * A backup that lies here, compared with the .sha256 beside it where there is one; what is encrypted is opened, into `scratch`. Fails with
 * NOT_FOUND, INTEGRITY, USAGE, INTERRUPTED.
 */
export async function ownBackup(
  file: string,
  {
    identity,
    scratch,
    signal,
  }: { readonly identity: string | undefined; readonly scratch: string; readonly signal: AbortSignal },
): Promise<FileBackup> {
  const name = basename(file)
  const sealed = /\.tar\.gz\.age$/.test(name)
  if (!sealed && !/^[\w.+~-]+\.tar\.gz$/.test(name))
    throw new ReleaserError('USAGE', `${file} is not called as a backup is`, {
      hint: 'name a file that ends in .tar.gz or .tar.gz.age',
    })
  const stats = await stat(file).catch((error: unknown) => {
    throw new ReleaserError('NOT_FOUND', `there is no file ${file}`, { cause: error })
  })
  const sha256 = await sha256Of(file, signal)
  const beside = (await readFile(`${file}.sha256`, 'utf8').catch(() => '')).trim().split(/\s/)[0] ?? ''
  if (beside !== '' && beside !== sha256)
    throw new ReleaserError('INTEGRITY', `${file} is not what it was: its sha256 is another than ${name}.sha256 says`, {
      hint: 'fetch it again: releaser backup-fetch target=NAME',
    })
  if (!sealed) return { name, file, bytes: stats.size, sha256 }
  const open = join(scratch, name.replace(/\.age$/, ''))
  await decrypt(file, { to: open, identity, cwd: process.cwd(), signal })
  return { name: basename(open), file: open, bytes: (await stat(open)).size, sha256: await sha256Of(open, signal) }
}

/** The sha256 of a file, in hex. */
export async function sha256Of(file: string, signal: AbortSignal): Promise<string> {
  const hash = createHash('sha256')
  await pipeline(createReadStream(file), hash, { signal })
  return hash.digest('hex')
}
