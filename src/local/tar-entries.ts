import { pipeline } from 'node:stream/promises'
import tar, { type Header } from 'tar-stream'

/** Reads archives of before 1988 as well; the option is missing in tar-stream's own types. */
export const EXTRACT: Parameters<typeof tar.extract>[0] & { allowUnknownFormat: boolean } = { allowUnknownFormat: true }

export interface TarPart {
  readonly header: Header
  readonly body: AsyncIterable<Buffer>
}

/** Reads an archive entry by entry; what is not read of a body when the next is asked for is skipped. */
export async function* tarEntries(source: AsyncIterable<Buffer>): AsyncGenerator<TarPart> {
  const extract = tar.extract(EXTRACT)
  const fed = pipeline(source, extract).then(
    () => undefined,
    (error: Error) => error,
  )
  for await (const entry of extract) {
    yield { header: entry.header, body: entry as AsyncIterable<Buffer> }
    entry.resume()
  }
  const failure = await fed
  if (failure) throw failure
}
