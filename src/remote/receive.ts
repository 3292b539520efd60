import type { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import { ReleaserError } from '../model/errors.ts'
import type { Manifest } from '../model/manifest.ts'
import type { Transfer } from '../model/plan.ts'
import { startVerb, type Talk } from './bootstrap.ts'
import { notEndless } from './lines.ts'
import type { Remote } from './remote.ts'
import { encodeDelta, hex } from './wire.ts'
import { writeHint } from './write-hint.ts'

/** What is to arrive, and where its bytes come from. */
export interface Shipment {
  readonly transaction: string
  readonly digest: string
  readonly manifest: Manifest
  readonly transfer: Transfer
  /** The manifest of `transfer.base`, where there is one. */
  readonly base: Manifest | null
  /** Gives `packedDelta` of the release's manifest; where left out, it is made for this host alone. */
  readonly delta?: (base: Manifest | null) => Promise<Buffer>
  readonly wire: 'gzip' | 'zstd'
  /** A tar stream, compressed for the wire, of these paths, or of the whole release. */
  readonly open: (wanted: ReadonlySet<string> | 'all') => Readable
  /** Bytes that went out for files, while they go. */
  readonly onSent?: (bytes: number, ofFiles: number) => void
}

/** How many files and links travelled; all others were on the host already. */
export interface Received {
  readonly sent: number
  readonly reused: number
}

/**
 * Brings a release to a host, beside `run` and under its transaction: the manifest as a difference, then the files that the
 * host asks for, as one stream. Settles when the host has verified every entry of the tree. One exec; a second one where the
 * host's copy of the base manifest is not what we think.
 */
export async function sendRelease(remote: Remote, root: string, shipment: Shipment): Promise<Received> {
  const first = await attempt(remote, root, shipment)
  if (first !== 'mismatch') return first
  const whole = await attempt(remote, root, { ...shipment, base: null, transfer: { ...shipment.transfer, base: null } })
  if (whole !== 'mismatch') return whole
  throw new ReleaserError('NOT_CHANGED', 'the manifest did not arrive as it was sent', {
    hint: 'try again; if it stays so, the line or the host damages data',
  })
}

/** How a manifest travels to a host that has `base`. */
export async function packedDelta(base: Manifest | null, manifest: Manifest): Promise<Buffer> {
  return promisify(gzip)(encodeDelta(base ?? [], manifest))
}

async function attempt(remote: Remote, root: string, shipment: Shipment): Promise<Received | 'mismatch'> {
  const { transfer, base } = shipment
  const delta = await (shipment.delta?.(base) ?? packedDelta(base, shipment.manifest))
  const talk = await startVerb(
    remote,
    root,
    'receive',
    [
      shipment.transaction,
      hex(shipment.digest),
      base ? (transfer.base ?? '-') : '-',
      transfer.reuse.by,
      shipment.wire,
      String(delta.length),
      ...transfer.reuse.from.map(({ id, dir }) => `${id}\t${dir}`),
      'end\n',
    ].join('\n'),
  )
  const wanted = await asked(talk, delta, shipment.manifest)
  if (wanted === 'mismatch') return wanted
  await answer(talk, wanted, shipment)
  await verified(talk)
  const all = shipment.manifest.filter((entry) => entry.type !== 'directory').length
  return { sent: wanted.size, reused: all - wanted.size }
}

/** Of a release without entries. */
const MOST_NEEDS = 1e6

/** Sends the manifest and reads which entries the host lacks, as ranges of their numbers. */
async function asked(talk: Talk, delta: Buffer, manifest: Manifest): Promise<ReadonlySet<string> | 'mismatch'> {
  const wanted = new Set<string>()
  // A range is two numbers of entries at most.
  const count = notEndless(MOST_NEEDS + 32 * manifest.length, 'what it lacks')
  let told = false
  for (;;) {
    const line = await talk.lines.next()
    if (line === null) throw lost(talk)
    count(line)
    const [key, event = '', text] = line.split('\t')
    if (key === '@' && event === 'manifest' && !told) told = talk.channel.stdin.write(delta) || true
    else if (key === '@' && event === 'send') return wanted
    else if (key === '@' && event === 'end') {
      if (text === 'mismatch') return 'mismatch'
      throw refused(line)
    } else if (key === 'need') for (const path of pathsIn(manifest, event)) wanted.add(path)
  }
}

/** The paths of a range of entries, as a host names them: `7`, or `7-12`; the first one is 1. */
export function pathsIn(manifest: Manifest, range: string): readonly string[] {
  const [from = 0, to = from] = range.split('-').map(Number)
  return manifest.slice(from - 1, to).map(({ path }) => path)
}

async function answer(talk: Talk, wanted: ReadonlySet<string>, shipment: Shipment): Promise<void> {
  const { stdin } = talk.channel
  if (wanted.size === 0) {
    stdin.end()
    return
  }
  const entries = shipment.manifest.filter((entry) => entry.type !== 'directory')
  const source = shipment.open(wanted.size === entries.length ? 'all' : wanted)
  const ofFiles = entries.reduce((sum, entry) => sum + (entry.type === 'file' && wanted.has(entry.path) ? entry.size : 0), 0)
  let sent = 0
  source.on('data', (chunk: Buffer) => {
    sent += chunk.length
    shipment.onSent?.(sent, ofFiles)
  })
  try {
    await pipeline(source, stdin)
  } catch (error) {
    if (error instanceof ReleaserError) {
      talk.channel.destroy()
      throw error
    }
    // The host stopped reading: its own words say why.
  }
}

/** Entries that may be named as damaged; a message has room for three. */
const MOST_NAMED = 100

async function verified(talk: Talk): Promise<void> {
  const differs: string[] = []
  for (;;) {
    const line = await talk.lines.next()
    if (line === null) throw lost(talk)
    const [key, event, text] = line.split('\t')
    if (key === 'differs' && differs.length < MOST_NAMED) differs.push(line.slice('differs\t'.length).trim().split('\t')[0] ?? '')
    if (key !== '@' || event !== 'end') continue
    if (text === 'verified') return
    throw refused(line, differs)
  }
}

function refused(line: string, differs: readonly string[] = []): ReleaserError {
  const [, , result = '', text = ''] = line.split('\t')
  if (result === 'damaged') {
    const named = [...new Set(differs)].slice(0, 3).join(', ')
    return new ReleaserError(
      'NOT_CHANGED',
      `the release did not arrive whole: ${text || (named === '' ? 'could not be written' : `${named} is not as it was sent`)}`,
      {
        hint:
          writeHint(text) ??
          'is the disk there full? else try again; a host that cannot hold both of two names that differ only in case cannot take this release',
      },
    )
  }
  return new ReleaserError('NOT_CHANGED', text || `the host refused the release: ${result}`, { hint: writeHint(text) })
}

function lost(talk: Talk): ReleaserError {
  const said = talk.stderr()
  return new ReleaserError('NOT_CHANGED', `the line was lost while the release was sent${said === '' ? '' : `: ${said}`}`, {
    hint: 'run the same command again: what has arrived is kept',
  })
}
