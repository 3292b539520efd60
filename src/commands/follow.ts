import { StringDecoder } from 'node:string_decoder'
import { ReleaserError } from '../model/errors.ts'
import type { AppUnit } from '../model/service.ts'
import { splitLines } from '../model/split-lines.ts'
import type { Wish } from '../remote/agent.ts'
import type { Asked, Destination } from '../rollout/host.ts'
import { inParallel } from '../rollout/parallel.ts'
import { within } from '../rollout/true-end.ts'
import { currentEnv, currentOf } from '../tasks/current.ts'
import type { Call } from './command.ts'
import { JOURNAL, journalFollow, NO_UNIT, UNTIL_LET_GO } from './journal.ts'

/** A file on a host, or the journal of its app, that is shown. */
export type Log<D extends Destination = Destination> = D & {
  /** As the configuration names it: below the target's path, or absolute. */
  readonly file: string
  /** What its lines begin with; empty where there is no other. */
  readonly head: string
}

/** Follows a file by its name, so that one that is rotated, or comes later, is followed too. `$1` is the file, `$2` the number of lines. */
const FOLLOW = `cd "$RELEASER_PATH" || exit
case $1 in /*) file=$1 ;; *) file=./$1 ;; esac
[ -e "$file" ] || echo "there is no $1 yet" >&2
tail -n "$2" -F "$file" 2>/dev/null &
${UNTIL_LET_GO}`

/** How long hosts may take to end what follows. */
const END_MS = 3000

/**
 * Shows what is written to these files until somebody stops it, or nobody reads any more. A host whose line is lost is told of and
 * the others go on; fails with CONNECTION where that was the last.
 */
export async function followLogs(call: Call, logs: readonly Log<Asked>[], lines: number): Promise<void> {
  const stop = new AbortController()
  const end = () => stop.abort()
  // Whoever read our output has left, as in `| head`.
  process.stdout.once('error', end)
  call.signal.addEventListener('abort', end, { once: true })
  if (call.signal.aborted) end()
  const lost = await inParallel(logs, logs.length, (log) => followOne(call, log, lines, stop.signal))
  if (!stop.signal.aborted && lost.length > 0)
    throw new ReleaserError('CONNECTION', 'the line to every host was lost', { hint: 'look at the network, and try again' })
}

function wishFor({ file, host }: Log, unit: AppUnit | null, lines: number): Wish {
  if (file !== JOURNAL) return { script: FOLLOW, args: [file, String(lines)] }
  if (unit) return journalFollow(unit, lines)
  throw new ReleaserError('NOT_FOUND', `${host.name}: ${NO_UNIT}`, { hint: 'deploy, or have it written: releaser setup' })
}

async function followOne(call: Call, log: Log<Asked>, lines: number, signal: AbortSignal): Promise<void> {
  const { ui } = call
  const name = log.host.name
  currentOf(log)
  if (signal.aborted) return
  const warn = (chunk: Buffer) => ui.warn(`${name}: ${chunk.toString('utf8').trim()}`)
  const wish = wishFor(log, log.facts.unit, lines)
  const channel = await log.agent.exec(wish, currentEnv(log), warn)
  const end = () => void channel.stdin.end()
  signal.addEventListener('abort', end, { once: true })
  if (signal.aborted) end()
  const decoder = new StringDecoder('utf8')
  const splitter = splitLines((line) => !signal.aborted && ui.data(log.head + line))
  channel.stdout.on('data', (chunk: Buffer) => splitter.push(decoder.write(chunk))).once('end', splitter.end)
  const stopped = new Promise<void>((done) => {
    if (signal.aborted) done()
    signal.addEventListener('abort', () => done(), { once: true })
  })
  await Promise.race([channel.exit, stopped])
  if (signal.aborted) await within(END_MS, channel.exit)
  else ui.warn(`${name}: the line was lost`)
}
