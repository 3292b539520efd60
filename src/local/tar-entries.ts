import { pipeline } from 'node:stream/promises'
import tar, { type Header, type Pack } from 'tar-stream'
import type { Entry } from '../model/manifest.ts'

/** What a tar header says of an entry of ours: all that the manifest knows but the hash. */
export type TarEntry = Entry extends infer E ? (E extends Entry ? Omit<E, 'sha256'> : never) : never

// Any fixed time will do; some versions of tar complain about 1970.
const MTIME = new Date('1980-01-01T00:00:00Z')
// Without a bit beside those of the mode, tar-stream takes 0 for "not given" and writes 0644.
const MODE_GIVEN = 0o100000
/** Reads archives of before 1988 as well; the option is missing in tar-stream's own types. */
export const EXTRACT: Parameters<typeof tar.extract>[0] & { allowUnknownFormat: boolean } = { allowUnknownFormat: true }

/** The bytes of an archive to which `fill` adds the entries. What fill throws is thrown at the reader. */
export async function* archive(fill: (pack: Pack) => Promise<void>): AsyncGenerator<Buffer> {
  const pack = tar.pack()
  const filled = fill(pack).then(
    () => pack.finalize(),
    (error: Error) => pack.destroy(error),
  )
  yield* pack as AsyncIterable<Buffer>
  await filled
}

/** Adds one entry; settles when the archive is ready for the next. */
export function addEntry(pack: Pack, entry: TarEntry, body?: Buffer | AsyncIterable<Buffer>): Promise<void> {
  return new Promise((resolve, reject) => {
    const done = (error?: Error | null) => (error ? reject(error) : resolve())
    if (body === undefined) pack.entry(header(entry), done)
    else if (Buffer.isBuffer(body)) pack.entry(header(entry), body, done)
    // A body that breaks off destroys the entry, which calls back with its error.
    else pipeline(body, pack.entry(header(entry), done)).catch(reject)
  })
}

/** Reads an archive entry by entry; what a visit leaves of a body is skipped. A visit that throws ends it. */
export async function eachEntry(
  source: AsyncIterable<Buffer>,
  visit: (header: Header, body: AsyncIterable<Buffer>) => Promise<void> | void,
): Promise<void> {
  const extract = tar.extract(EXTRACT)
  const fed = pipeline(source, extract).then(
    () => undefined,
    (error: Error) => error,
  )
  for await (const entry of extract) {
    await visit(entry.header, entry as AsyncIterable<Buffer>)
    entry.resume()
  }
  const failure = await fed
  if (failure) throw failure
}

function header(entry: TarEntry): Parameters<Pack['entry']>[0] {
  const owner = { mtime: MTIME, uid: 0, gid: 0, uname: '', gname: '' }
  switch (entry.type) {
    case 'file':
      return { ...owner, type: 'file', name: entry.path, mode: entry.mode | MODE_GIVEN, size: entry.size }
    case 'directory':
      return { ...owner, type: 'directory', name: entry.path, mode: entry.mode }
    case 'symlink':
      return { ...owner, type: 'symlink', name: entry.path, mode: 0o777, linkname: entry.target }
  }
}
