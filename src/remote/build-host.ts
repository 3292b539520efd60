import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { open } from 'node:fs/promises'
import type { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import { ReleaserError } from '../model/errors.ts'
import { encodeManifest, type Manifest } from '../model/manifest.ts'
import type { Lock } from '../model/plan.ts'
import { count } from '../model/size.ts'
import { startVerb, type Talk } from './bootstrap.ts'
import { keepOutput, type Output } from './build-output.ts'
import { encodeBuild, type Wanted } from './build-words.ts'
import { lockOf } from './facts.ts'
import { pathsIn } from './receive.ts'
import type { Remote } from './remote.ts'

/** What is to be built on a host, from which sources. */
export interface HostBuild extends Wanted {
  readonly sources: Manifest
  /** Writes a gzipped tar of these paths, and says where it is. */
  readonly pack: (paths: ReadonlySet<string>) => Promise<{ readonly file: string; readonly bytes: number }>
  /** A file that does not exist yet, for what was made: a gzipped tar. */
  readonly into: string
  readonly onStep?: (step: 'send' | 'fetch', state: 'start' | 'ok', detail: string) => void
  readonly onOutput?: ((line: string) => void) | undefined
  readonly signal?: AbortSignal | undefined
}

/**
 * How it ended. `built`: a folder's content or a single file lies in `into`, or there is nothing that could be fetched. `broken`: the command
 * failed, `lines` are the last it wrote. `place` is the folder there in which all of it lies.
 */
export type HostBuilt =
  | { readonly result: 'built'; readonly kind: 'folder' | 'file' | 'missing' | 'empty' | 'odd'; readonly place: string }
  | { readonly result: 'broken'; readonly code: number; readonly lines: readonly string[]; readonly place: string }
  | { readonly result: 'refused' | 'failed'; readonly why: string }
  | { readonly result: 'locked'; readonly lock: Lock | null }

/** How often the host hears that we are still there; it gives up on us after 15 s of silence. */
const BEAT_MS = 2000
/** How long a host may take to end a build, and to say so. */
const PATIENCE_MS = 6000

/**
 * Builds at `root` on a host, in one exec. Rejects with CONNECTION where the line is lost, and with INTERRUPTED when aborted: then the
 * build there has ended, or ends by itself.
 */
export async function buildAt(remote: Remote, root: string, build: HostBuild): Promise<HostBuilt> {
  const list = await promisify(gzip)(encodeManifest(build.sources))
  const output = keepOutput(build.onOutput)
  const heard = { from: false }
  const talk = await startVerb(remote, root, 'build', encodeBuild(build, list.length), (chunk) => {
    if (heard.from) output.push(chunk)
  })
  // What a login shell said before is nothing of the build's.
  heard.from = true
  const work = follow(talk, build, list, output)
  const stop = async (): Promise<void> => {
    talk.channel.stdin.write('back\n')
    // What is not listened to yet hears the end of its input.
    talk.channel.stdin.end()
    await Promise.race([work.catch(() => {}), pause(PATIENCE_MS)])
  }
  return orStopped(work, build.signal, stop).finally(() => talk.channel.destroy())
}

async function follow(talk: Talk, build: HostBuild, list: Buffer, output: Output): Promise<HostBuilt> {
  const { channel, lines } = talk
  const needed = new Set<string>()
  const said = new Set<string>()
  const beats: NodeJS.Timeout[] = []
  let place = ''
  try {
    for (;;) {
      const line = await lines.next()
      if (line === null) throw lineLost()
      const [at, event = '', one = '', ...rest] = line.split('\t')
      if (at === 'need') for (const path of pathsIn(build.sources, event)) needed.add(path)
      // Each of these is said once: what a host says again and again must not have us send as often.
      if (at !== '@' || said.has(event)) continue
      said.add(event)
      if (event === 'locked') channel.stdin.write(list)
      else if (event === 'send') await send(talk, build, needed)
      else if (event === 'building') {
        place = one
        beats.push(setInterval(() => channel.stdin.write('beat\n'), BEAT_MS))
      } else if (event === 'built') {
        await fetched(talk, build, Number(rest[0]), rest[1] ?? '')
        await output.ended(channel.stderr)
        return { result: 'built', kind: one as Extract<HostBuilt, { result: 'built' }>['kind'], place }
      } else if (event === 'end') {
        await output.ended(channel.stderr)
        return endOf(one, rest, place, output)
      }
    }
  } finally {
    for (const beat of beats) clearInterval(beat)
  }
}

function endOf(result: string, rest: readonly string[], place: string, output: Output): HostBuilt {
  const why = rest.join(' ')
  // It had not heard of us for too long.
  if (result === 'stopped') throw lineLost()
  if (result === 'locked') return { result, lock: lockOf(rest) }
  if (result === 'broken') return { result, code: Number(why), lines: output.last, place }
  return { result: result === 'refused' ? 'refused' : 'failed', why: why || result }
}

async function send({ channel }: Talk, { sources, pack, onStep }: HostBuild, needed: ReadonlySet<string>): Promise<void> {
  onStep?.('send', 'start', '')
  const all = sources.filter(({ type }) => type !== 'directory').length
  if (needed.size === 0) channel.stdin.write('0\n')
  else {
    const beat = setInterval(() => channel.stdin.write('beat\n'), BEAT_MS)
    const { file, bytes } = await pack(needed).finally(() => clearInterval(beat))
    channel.stdin.write(`${bytes}\n`)
    // Where the host stops reading, its own words say why.
    await pipeline(createReadStream(file), channel.stdin, { end: false }).catch(() => {})
  }
  onStep?.('send', 'ok', `${count(needed.size, 'file')} sent, ${all - needed.size} reused`)
}

/** Reads to the end of the channel: the host has given its lock back by then. */
async function fetched({ channel, lines }: Talk, { into, onStep }: HostBuild, bytes: number, sha256: string): Promise<void> {
  onStep?.('fetch', 'start', '')
  const sum = createHash('sha256')
  const got = await toFile(lines.rest(), into, bytes, (chunk) => sum.update(chunk))
  await Promise.race([channel.exit, pause(PATIENCE_MS)])
  if (got !== bytes) throw lineLost()
  if (sum.digest('hex') !== sha256)
    throw new ReleaserError('BUILD', 'what was built did not arrive as it was sent', {
      hint: 'try again; if it stays so, the line or the host damages data',
    })
  onStep?.('fetch', 'ok', '')
}

async function toFile(stream: Readable, file: string, bytes: number, onChunk: (chunk: Buffer) => void): Promise<number> {
  const handle = await open(file, 'wx', 0o600)
  let got = 0
  try {
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      const part = chunk.subarray(0, bytes - got)
      if (part.length === 0) continue
      await handle.write(part)
      onChunk(part)
      got += part.length
    }
  } catch (error) {
    // A stream that is cut off, or let go, has ended before its time: the count tells.
    if (!stream.destroyed) throw error
  } finally {
    await handle.close()
  }
  return got
}

function lineLost(): ReleaserError {
  return new ReleaserError('CONNECTION', 'the line was lost while it built', {
    hint: 'the build there ends by itself; look at the network, and build again',
  })
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds).unref())
}

/** The work's own end, or INTERRUPTED once it has been stopped. */
async function orStopped<T>(work: Promise<T>, signal: AbortSignal | undefined, stop: () => Promise<void>): Promise<T> {
  if (!signal) return work
  const stopped = new Promise<never>((_, reject) => {
    const onAbort = (): void => {
      const error = new ReleaserError('INTERRUPTED', 'the build was interrupted', { hint: 'nothing was stored; run it again' })
      void stop().then(() => reject(error))
    }
    if (signal.aborted) onAbort()
    else signal.addEventListener('abort', onAbort, { once: true })
    work.catch(() => {}).finally(() => signal.removeEventListener('abort', onAbort))
  })
  try {
    return await Promise.race([work, stopped])
  } finally {
    // It may have ended because it was stopped.
    if (signal.aborted) await stopped
  }
}
