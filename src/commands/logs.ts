import { loadConfig, pickTargets } from '../local/config.ts'
import { ReleaserError } from '../model/errors.ts'
import { isSystemd } from '../model/service.ts'
import { type Asked, type Destination, type HostOutcome, orInterrupted } from '../rollout/host.ts'
import { inParallel } from '../rollout/parallel.ts'
import type { Preparation } from '../rollout/prepare.ts'
import type { Call, Outcome } from './command.ts'
import { destinations } from './destinations.ts'
import { environments } from './environment.ts'
import { followLogs, type Log } from './follow.ts'
import { inCurrent } from './in-current.ts'
import { JOURNAL, journalTail, NO_UNIT } from './journal.ts'
import type { Ran } from './ran.ts'
import { withHosts } from './with-hosts.ts'

/** Where the agent has the app write. */
const OURS = ['shared/log/app.log'] as const

/** `releaser logs`: the ends of the log files, or of the app's journal, of every host; with `--follow`, and what comes, until somebody stops it. */
export async function run(call: Call): Promise<Outcome> {
  const { ui, values, globals } = call
  const lines = linesOf(values['lines'])
  const loaded = await loadConfig({ file: globals.config, cwd: process.cwd() })
  const all = destinations(await pickTargets(loaded, values['target'], call.signal), values['host'])
  const several = all.length > 1
  if (globals.dryRun) {
    const text = logsOf(all, several).map(({ host, file }) => `${host.name}: would show ${file}`)
    return { result: { hosts: [] }, text: text.join('\n') }
  }
  // What is printed there may hold them.
  await environments(all, { dir: loaded.dir, call })
  const follow = values['follow'] === 'true'
  if (follow && ui.mode === 'json')
    throw new ReleaserError('USAGE', '--follow has no end, so that there is no result for --json', {
      hint: 'leave one of them out',
    })
  const act = async ({ hosts, skipped }: Preparation): Promise<Outcome> => {
    const logs = logsOf(hosts, several)
    if (!follow) return shown(call, await inParallel(logs, 10, (log) => tail(call, log, lines)), skipped)
    await followLogs(call, logs, lines)
    return { result: {}, text: '' }
  }
  return withHosts(call, all, act, { aside: true })
}

type Tail = Log & Pick<Ran, 'ok' | 'exit' | 'stdout' | 'stderr'>

function shown({ ui }: Call, tails: readonly Tail[], skipped: readonly HostOutcome[]): Outcome {
  const missing = tails.filter(({ ok }) => !ok)
  if (missing.length === tails.length)
    throw new ReleaserError('NOT_FOUND', missing.map(({ host, stderr }) => `${host.name}: ${stderr.trim()}`).join('; '), {
      hint: "an app that releaser has started writes to shared/log/app.log; name other files in the target's logs",
    })
  for (const { host, stderr } of missing) ui.warn(`${host.name}: ${stderr.trim()}`)
  for (const { host } of tails.filter(({ ok, file, stdout }) => ok && file === JOURNAL && stdout === ''))
    ui.warn(`${host.name}: the journal has nothing of the app, or does not show it to who logs in there`)
  const hosts = tails.map(({ host, target, ok, file, stdout }) => ({
    host: host.name,
    target: target.name,
    ok,
    file,
    lines: linesIn(stdout),
  }))
  return {
    result: { hosts, ...(skipped.length > 0 && { skipped: skipped.map(({ host }) => host) }) },
    text: tails.flatMap(({ head, stdout }) => linesIn(stdout).map((line) => head + line)).join('\n'),
  }
}

/** `$1` is the file, `$2` the number of lines. A name that begins with a dash is a name. */
const TAIL = `cd "$RELEASER_PATH" || exit
case $1 in /*) file=$1 ;; *) file=./$1 ;; esac
[ -e "$file" ] || { echo "there is no $1" >&2; exit 1; }
exec tail -n "$2" "$file"`

async function tail(call: Call, log: Log<Asked>, lines: number): Promise<Tail> {
  const asking = inCurrent(call, log, ({ facts }) => {
    if (log.file !== JOURNAL) return { wish: { script: TAIL, args: [log.file, String(lines)] } }
    return facts.unit ? { wish: journalTail(facts.unit, lines) } : { exit: 1, stdout: '', stderr: `${NO_UNIT}\n` }
  })
  const { ok, exit, stdout, stderr } = await orInterrupted(asking, call.signal)
  return { ...log, ok, exit, stdout, stderr }
}

function logsOf<D extends Destination>(all: readonly D[], several: boolean): readonly Log<D>[] {
  return all.flatMap((destination) => {
    const { logs, runner } = destination.target
    const files = logs ?? (isSystemd(runner) ? [JOURNAL] : OURS)
    return files.map((file) => {
      const names = [...(several ? [destination.host.name] : []), ...(files.length > 1 ? [file] : [])]
      return { ...destination, file, head: names.length === 0 ? '' : `${names.join(' ')}: ` }
    })
  })
}

function linesOf(text = '100'): number {
  if (/^\d{1,7}$/.test(text)) return Number(text)
  throw new ReleaserError('USAGE', `lines=${text} is no number of lines`, { hint: 'write lines=100' })
}

function linesIn(text: string): readonly string[] {
  return text === '' ? [] : text.replace(/\n$/, '').split('\n')
}
