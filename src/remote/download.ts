import { readFileSync } from 'node:fs'
import type { Readable } from 'node:stream'
import { startScript } from './bootstrap.ts'
import type { Remote } from './remote.ts'

/** src/remote and dist/remote are equally deep, so that one relative path serves both. */
const SCRIPT = Buffer.concat(
  ['tree', 'download'].map((name) => readFileSync(new URL(`../../templates/remote/${name}.sh`, import.meta.url))),
)

/** A release on its way from a host. */
export interface Coming {
  /** Its first bytes, once it is decompressed, are the release's list of files; behind them come tar archives. */
  readonly listBytes: number
  readonly stream: Readable
  /** What the host said of it, for error messages. */
  stderr(): string
  close(): void
}

/** Has a host hand a release over. One exec. Null where the host does not have it, or its list of files. */
export async function fetchRelease(
  remote: Remote,
  root: string,
  { id, dir }: { readonly id: string; readonly dir: string },
  wire: 'gzip' | 'zstd',
): Promise<Coming | null> {
  const { channel, lines, stderr } = await startScript(remote, root, SCRIPT, `${dir}\n${id}\n${wire}\n`)
  const line = await lines.next()
  const [key, bytes] = line?.split('\t') ?? []
  if (key === 'list' && /^\d+$/.test(bytes ?? '')) {
    const close = () => {
      channel.stdin.end()
      channel.destroy()
    }
    return { listBytes: Number(bytes), stream: lines.rest(), stderr, close }
  }
  channel.destroy()
  return null
}
