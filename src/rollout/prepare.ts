import { ReleaserError } from '../model/errors.ts'
import type { Observe } from '../model/plan.ts'
import type { Remote } from '../remote/remote.ts'
import { type Asked, askHost, type Destination, type HostOutcome, orInterrupted } from './host.ts'
import { type Login, withAnswers } from './login.ts'
import { inParallel } from './parallel.ts'

/** Handshakes at once: OpenSSH drops bursts of unauthenticated connections (MaxStartups 10:30:100). */
const HANDSHAKES = 10

export interface Preparation {
  readonly hosts: readonly Asked[]
  /** Hosts that could not be reached and were left out, where that was asked for. */
  readonly skipped: readonly HostOutcome[]
  close(): Promise<void>
}

export interface PrepareInput {
  readonly destinations: readonly Destination[]
  readonly observe: Observe
  readonly skipUnreachable: boolean
  readonly signal?: AbortSignal
  /** What to log in with, and whom to ask; where it is left out, what the environment has, and nobody. */
  readonly login?: Login
  /** Whether hosts are to say in which releases processes live. */
  readonly inUse?: boolean
}

/** Connects to all hosts before anything else, and asks each how it is. Nothing is changed anywhere. */
export async function prepare(input: PrepareInput): Promise<Preparation> {
  const { signal = new AbortController().signal } = input
  const connecting = connectAll(input)
  const lines = await orInterrupted(connecting, signal).catch((error: unknown) => {
    void connecting.then(
      ({ open }) => open.map(({ remote }) => remote.close()),
      () => {},
    )
    throw error
  })
  const close = async () => {
    await Promise.all(lines.open.map(({ remote }) => remote.close()))
  }
  try {
    const asking = inParallel(lines.open, HANDSHAKES, async ({ destination, remote }) => {
      const host = destination.host.name
      input.observe({ event: 'step', host, step: 'facts', state: 'start' })
      const asked = await askHost(destination, remote, { inUse: input.inUse ?? false })
      input.observe({ event: 'step', host, step: 'facts', state: 'ok' })
      return asked
    })
    const hosts = await orInterrupted(asking, signal)
    return { hosts, skipped: lines.skipped, close }
  } catch (error) {
    await close()
    throw error
  }
}

interface Line {
  readonly destination: Destination
  readonly remote: Remote
}

interface Failed {
  readonly destination: Destination
  readonly error: ReleaserError
}

async function connectAll({
  destinations,
  observe,
  skipUnreachable,
  login,
}: PrepareInput): Promise<{ readonly open: readonly Line[]; readonly skipped: readonly HostOutcome[] }> {
  const lines: Line[] = []
  const failure = ({ host }: Destination): void => observe({ event: 'step', host: host.name, step: 'connect', state: 'failed' })
  const connect = async (destination: Destination): Promise<(Line & { readonly error: null }) | Failed> => {
    const host = destination.host.name
    observe({ event: 'step', host, step: 'connect', state: 'start' })
    try {
      const remote = await destination.connect(login?.keys)
      observe({ event: 'step', host, step: 'connect', state: 'ok' })
      const line = { destination, remote }
      lines.push(line)
      return { ...line, error: null }
    } catch (error) {
      if (!(error instanceof ReleaserError)) throw error
      // Why is said once: by the error, or by a warning where the host is left out.
      if (!error.question) failure(destination)
      return { destination, error }
    }
  }
  const tried = await withAnswers(destinations, HANDSHAKES, connect, login?.answer ?? nobody).catch(async (error: unknown) => {
    await Promise.all(lines.map(({ remote }) => remote.close()))
    throw error
  })
  const open = tried.filter((one) => one.error === null)
  const failed = tried.filter((one) => one.error !== null)
  for (const { destination, error } of failed) if (error.question) failure(destination)
  const outcomes = failed.map(({ destination, error }) => unreachable(destination, error, skipUnreachable))
  const [first] = failed
  if (first && !(skipUnreachable && open.length > 0 && failed.every(({ error }) => error.code === 'CONNECTION'))) {
    await Promise.all(open.map(({ remote }) => remote.close()))
    throw new ReleaserError(first.error.code, failed.map(({ error }) => error.message).join('; '), {
      hint: first.error.hint,
      cause: first.error,
      result: { hosts: outcomes },
    })
  }
  return { open, skipped: outcomes }
}

async function nobody(): Promise<boolean> {
  return false
}

function unreachable({ target, host }: Destination, error: ReleaserError, skip: boolean): HostOutcome {
  return {
    target: target.name,
    host: host.name,
    ok: false,
    changed: false,
    previous: null,
    current: null,
    sentBytes: 0,
    durationMs: 0,
    state: skip ? 'skipped' : 'unreachable',
    message: error.message,
  }
}
