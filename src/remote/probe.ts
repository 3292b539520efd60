import type { PortCheck, ProbeResult } from '../model/health.ts'
import { converse } from './probe-http.ts'
import { judge, unreachable } from './probe-words.ts'
import type { Forward, Remote } from './remote.ts'

/**
 * Asks a host's app once, through the line, and waits for its answer so many seconds at most. Rejects with CONNECTION where the line
 * is lost, which says nothing about the app.
 */
export async function probe(remote: Remote, check: PortCheck, seconds: number): Promise<ProbeResult> {
  const limit = new AbortController()
  const timer = setTimeout(() => limit.abort(), seconds * 1000)
  try {
    const way = await untilLate(remote.forward(check.port), limit.signal)
    if (way === undefined) return unreachable(check, 'late', seconds)
    if ('refused' in way) return unreachable(check, way.refused, seconds, way.says)
    if (check.kind === 'tcp') {
      way.stream.destroy()
      return { ok: true }
    }
    const talk = await converse(way.stream, check, limit.signal)
    // A line that is lost says so itself.
    if (talk.end === 'closed' && (await isLost(remote))) await remote.forward(check.port)
    return judge(check, talk, seconds)
  } finally {
    clearTimeout(timer)
  }
}

/** What comes too late is closed again. */
async function untilLate(opening: Promise<Forward>, signal: AbortSignal): Promise<Forward | undefined> {
  const late = new Promise<undefined>((done) => {
    signal.addEventListener('abort', () => done(undefined), { once: true })
  })
  const first = await Promise.race([opening, late])
  if (first === undefined) opening.then((way) => 'stream' in way && way.stream.destroy()).catch(() => {})
  return first
}

/** Streams end in the same turn as their line, and a little before it. */
function isLost(remote: Remote): Promise<boolean> {
  return Promise.race([remote.closed.then(() => true), new Promise<false>((done) => setImmediate(() => done(false)))])
}
