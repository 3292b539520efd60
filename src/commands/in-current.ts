import type { Readable } from 'node:stream'
import { ReleaserError } from '../model/errors.ts'
import type { HostRelease } from '../model/host-state.ts'
import { whenAborted } from '../model/when-aborted.ts'
import type { Wish } from '../remote/agent.ts'
import type { Asked, Destination } from '../rollout/host.ts'
import { inParallel } from '../rollout/parallel.ts'
import type { Preparation } from '../rollout/prepare.ts'
import { currentEnv, currentOf } from '../tasks/current.ts'
import type { Call } from './command.ts'
import type { AllRan, Ran } from './ran.ts'
import { withHosts } from './with-hosts.ts'

/** What is kept of each host's output; more would not fit a screen or a JSON line. */
const MOST = 4 * 1024 * 1024

/** What is asked of a host: something that is run there, for so many seconds at most, or what is known of it already. */
export type Question = { readonly wish: Wish; readonly seconds?: number } | Pick<Ran, 'exit' | 'stdout' | 'stderr'>

/** Hosts at once. */
const AT_ONCE = 10

/**
 * Asks every host, and tells what came of it; what is run there runs in the current release. All are connected
 * to before the first is asked. Fails where nothing is deployed (NOT_FOUND), or the path is not this target's (USAGE).
 */
export async function inEvery(
  call: Call,
  destinations: readonly Destination[],
  question: (asked: Asked, current: HostRelease) => Question | Promise<Question>,
): Promise<AllRan> {
  const act = async ({ hosts, skipped }: Preparation): Promise<AllRan> => ({
    hosts: await inParallel(hosts, AT_ONCE, (asked) => inCurrent(call, asked, question)),
    skipped,
  })
  return withHosts(call, destinations, act, { aside: true })
}

/** The same for one host that is connected to. */
export async function inCurrent(
  call: Call,
  asked: Asked,
  question: (asked: Asked, current: HostRelease) => Question | Promise<Question>,
): Promise<Ran> {
  const wanted = await question(asked, currentOf(asked))
  const { exit, stdout, stderr } = 'wish' in wanted ? await answerOf(call, asked, wanted.wish, wanted.seconds) : wanted
  return {
    host: asked.host.name,
    target: asked.target.name,
    ok: exit === 0,
    exit,
    stdout,
    stderr,
  }
}

/** What a script or words in the current release print, and how they end; `exit` null: the line was lost. As `timeout` says it, 124 where it took too long. */
export async function answerOf(
  { signal }: Call,
  asked: Asked,
  wish: Wish,
  seconds: number | undefined,
): Promise<Pick<Ran, 'exit' | 'stdout' | 'stderr'>> {
  const errors: Buffer[] = []
  let held = 0
  const channel = await asked.agent.exec(wish, currentEnv(asked), (chunk) => {
    errors.push(chunk)
    for (held += chunk.length; held - (errors[0]?.length ?? 0) >= MOST; ) held -= errors.shift()?.length ?? 0
  })
  const stop = () => channel.destroy()
  const late: { after?: number } = {}
  const limit =
    seconds === undefined
      ? undefined
      : setTimeout(() => {
          late.after = seconds
          stop()
        }, seconds * 1000)
  const letGo = whenAborted(signal, stop)
  channel.stdin.end()
  const [stdout, { code }] = await Promise.all([collect(channel.stdout), channel.exit])
  clearTimeout(limit)
  letGo()
  if (signal.aborted) throw new ReleaserError('INTERRUPTED', 'stopped')
  const stderr = Buffer.concat(errors).toString('utf8').slice(-MOST)
  if (late.after !== undefined) return { exit: 124, stdout, stderr: `${stderr}it did not end within ${late.after} s\n` }
  return { exit: code, stdout, stderr }
}

async function collect(stream: Readable): Promise<string> {
  const chunks: Buffer[] = []
  let length = 0
  try {
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      length += chunk.length
      if (length <= MOST) chunks.push(chunk)
    }
  } catch (error) {
    // A stream that we let go ends before its time; who did that says why.
    if (!stream.destroyed) throw error
  }
  return Buffer.concat(chunks).toString('utf8')
}
