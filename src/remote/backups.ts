import { readFileSync } from 'node:fs'
import type { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { BackupContent, LaidBackup } from '../model/backup.ts'
import { ReleaserError } from '../model/errors.ts'
import { whenAborted } from '../model/when-aborted.ts'
import { startScript, type Talk } from './bootstrap.ts'
import { notEndless } from './lines.ts'
import type { Remote } from './remote.ts'

/** src/remote and dist/remote are equally deep, so that one relative path serves both. */
const SCRIPT = Buffer.concat(
  ['tree', 'ground', 'unpack', 'backups'].map((name) =>
    readFileSync(new URL(`../../templates/remote/${name}.sh`, import.meta.url)),
  ),
)

/** A backup on its way from a host. */
export interface ComingBackup {
  /** All of it, not what is left. */
  readonly bytes: number
  /** What is written beside it there. */
  readonly sha256: string
  readonly stream: Readable
  close(): void
}

/** Has a host hand a backup over, from `offset` bytes on. One exec. Null where it does not have it. Fails with CONNECTION. */
export async function fetchBackup(remote: Remote, root: string, name: string, offset: number): Promise<ComingBackup | null> {
  const talk = await startScript(remote, root, SCRIPT, `fetch\t${name}\t${offset}\n`)
  const [key, bytes = '', sha256 = ''] = (await talk.lines.next())?.split('\t') ?? []
  const close = () => {
    talk.channel.stdin.end()
    talk.channel.destroy()
  }
  if (key === 'file') return { bytes: Number(bytes), sha256, stream: talk.lines.rest(), close }
  close()
  if (key === 'end') return null
  throw lost(talk)
}

/** A backup that this machine has. */
export interface OwnBackup {
  readonly name: string
  readonly bytes: number
  readonly sha256: string
  readonly open: () => Readable
}

/** Brings a backup to a host, where `layOut` finds it. One exec. Fails with NOT_CHANGED, INTERRUPTED, CONNECTION. */
export async function sendBackup(
  remote: Remote,
  root: string,
  { name, bytes, sha256, open }: OwnBackup,
  signal: AbortSignal,
  onSent: (bytes: number) => void,
): Promise<void> {
  const talk = await startScript(remote, root, SCRIPT, `send\t${name}\t${bytes}\t${sha256}\n`)
  await untilAborted(talk, signal, async () => {
    const words = (await talk.lines.next())?.split('\t') ?? []
    if (words[0] !== 'go') return demand(talk, words)
    let sent = 0
    const source = open().on('data', (chunk: Buffer) => {
      sent += chunk.length
      onSent(sent)
    })
    // Where the host stops reading, its own words say why.
    await pipeline(source, talk.channel.stdin).catch(() => {})
    demand(talk, (await talk.lines.next())?.split('\t') ?? [])
  })
}

/** What a backup on a host says of itself. One exec. Fails with NOT_FOUND, INTERRUPTED, CONNECTION. */
export async function lookInto(remote: Remote, root: string, name: string, signal: AbortSignal): Promise<BackupContent> {
  const talk = await startScript(remote, root, SCRIPT, `look\t${name}\n`)
  return untilAborted(talk, signal, async () => {
    const content = await readContent(talk)
    talk.channel.stdin.end()
    return content
  })
}

/**
 * Has a host unpack a backup of its own, or one that it was sent, and prove it; nothing that serves is touched. One exec. What is not put
 * back goes when it is let go of, or the line is lost. Fails with NOT_FOUND, INTEGRITY, NOT_CHANGED, INTERRUPTED, CONNECTION.
 */
export async function layOut(
  remote: Remote,
  root: string,
  { key, name, from }: { readonly key: string; readonly name: string; readonly from: 'here' | 'sent' },
  signal: AbortSignal,
): Promise<LaidBackup & { release(): Promise<void> }> {
  const talk = await startScript(remote, root, SCRIPT, `unpack\t${key}\t${name}\t${from}\n`)
  const content = await untilAborted(talk, signal, () => readContent(talk))
  const release = async () => {
    talk.channel.stdin.end()
    await talk.channel.exit
  }
  return { ...content, name, key, release }
}

/** What a backup says of itself: a few words, and a path for each entry of `backup.paths`. */
const MOST_CONTENT = 4e6

async function readContent(talk: Talk): Promise<BackupContent> {
  const about: Record<string, string> = Object.create(null) as Record<string, string>
  const paths: string[] = []
  const count = notEndless(MOST_CONTENT, 'a backup')
  let dump = false
  for (;;) {
    const words = (await talk.lines.next())?.split('\t') ?? []
    count(words.join('\t'))
    const [key, one = '', two = ''] = words
    if (key === 'about') about[one] = two
    else if (key === 'root') paths.push(one)
    else if (key === 'dump') dump = true
    else {
      demand(talk, words)
      return { about, paths, dump }
    }
  }
}

const CODES = { '9': 'NOT_FOUND', '11': 'INTEGRITY' } as const

/** Fails where a host has not said that all went well. */
function demand(talk: Talk, [key, exit = '', why = '']: readonly string[]): void {
  if (key === 'end' && exit === '0') return
  if (key !== 'end') throw lost(talk)
  talk.channel.stdin.end()
  throw new ReleaserError(CODES[exit as keyof typeof CODES] ?? 'NOT_CHANGED', why)
}

function lost(talk: Talk): ReleaserError {
  const said = talk.stderr()
  talk.channel.destroy()
  return new ReleaserError('CONNECTION', `the line was lost${said === '' ? '' : `: ${said}`}`, {
    hint: 'run the same command again',
  })
}

async function untilAborted<T>(talk: Talk, signal: AbortSignal, work: () => Promise<T>): Promise<T> {
  const letGo = whenAborted(signal, () => talk.channel.destroy())
  try {
    return await work()
  } catch (error) {
    if (signal.aborted) throw new ReleaserError('INTERRUPTED', 'stopped: nothing was changed', { cause: error })
    throw error
  } finally {
    letGo()
  }
}
