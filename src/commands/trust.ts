import { loadConfig, pickTargets } from '../local/config.ts'
import { addKnownHost } from '../local/known-hosts-file.ts'
import { ReleaserError } from '../model/errors.ts'
import { sshTarget } from '../remote/connect.ts'
import { checkHostKey, judge, knownLine, readKnown, type Trust } from '../remote/host-key.ts'
import { fingerprint, type HostKey } from '../remote/known-hosts.ts'
import { shownKey } from '../remote/shown-key.ts'
import { type Destination, orInterrupted } from '../rollout/host.ts'
import { inParallel } from '../rollout/parallel.ts'
import { table } from '../ui/table.ts'
import type { Call, Outcome } from './command.ts'
import { destinations } from './destinations.ts'

/** A host, the key that it shows, and whether that is known, unknown, or not to be trusted. */
interface Seen {
  readonly target: string
  readonly host: string
  readonly trust: Trust
  readonly key: HostKey | null
  readonly state: 'known' | 'unknown' | 'refused' | 'unreachable'
  readonly error: ReleaserError | undefined
}

/** `releaser trust`: shows the keys of hosts, and records those that are unknown once somebody has said yes. */
export async function run(call: Call): Promise<Outcome> {
  const loaded = await loadConfig({ file: call.globals.config, cwd: process.cwd() })
  const all = destinations(await pickTargets(loaded, call.values['target'], call.signal), call.values['host'])
  const seen = await orInterrupted(
    inParallel(all, 10, (host) => look(host, call.keys)),
    call.signal,
  )
  const unknown = seen.filter(({ state }) => state === 'unknown')
  const bad = seen.filter(({ error }) => error !== undefined)
  call.ui.data(table(['target', 'host', 'key', 'fingerprint', ''], seen.map(row)))
  const recorded = unknown.length > 0 && !call.globals.dryRun && (await agreed(call, unknown)) ? unknown : []
  await record(recorded)
  const result = { keys: seen.map((one) => inJson(one, recorded)) }
  const [first] = bad
  if (first?.error)
    throw new ReleaserError(first.error.code, bad.map(({ error }) => error?.message).join('; '), {
      hint: first.error.hint,
      result,
    })
  if (unknown.length > recorded.length && !call.globals.dryRun)
    throw new ReleaserError('HOST_KEY', 'nothing was recorded', {
      hint: 'compare the fingerprints on the hosts, then say yes',
      result,
    })
  return { result, text: inWords(recorded) }
}

async function look({ target, host }: Destination, keys: Call['keys']): Promise<Seen> {
  const about = { target: target.name, host: host.name }
  const reached = { ...(await sshTarget(host, target)), keys }
  const { trust } = reached
  try {
    const known = await readKnown(trust)
    const key = await shownKey(reached, known)
    const error = checkHostKey(host.name, trust, known, key.blob)
    if (!error) return { ...about, trust, key, state: 'known', error }
    // What is not pinned is never recorded: it would still be refused.
    const unknown = trust.pins.length === 0 && judge(known, key).kind === 'unknown'
    return { ...about, trust, key, state: unknown ? 'unknown' : 'refused', error: unknown ? undefined : error }
  } catch (error) {
    if (!(error instanceof ReleaserError)) throw error
    return { ...about, trust, key: null, state: 'unreachable', error }
  }
}

async function agreed({ ui, globals }: Call, unknown: readonly Seen[]): Promise<boolean> {
  if (globals.yes) return true
  const which = unknown.length === 1 ? 'this key' : `these ${unknown.length} keys`
  const question = `Compare the fingerprints on the hosts (ssh-keygen -lf /etc/ssh/ssh_host_…_key.pub). Trust ${which}?`
  return ui.confirm(question, { initial: false, answer: '--yes' })
}

/** Hosts that share an address share a line. */
async function record(seen: readonly Seen[]): Promise<void> {
  const lines = new Map<string, string>()
  for (const { trust, key } of seen) {
    const [file] = trust.files
    if (file === undefined || key === null)
      throw new ReleaserError('HOST_KEY', 'there is no file of known hosts to write to', { hint: 'name one with knownHosts' })
    lines.set(knownLine(trust, key), file)
  }
  for (const [line, file] of lines) await addKnownHost(file, line)
}

function row({ target, host, key, state }: Seen): readonly string[] {
  const words = { known: 'known', unknown: 'not known', refused: 'not to be trusted', unreachable: 'unreachable' }
  return [target, host, key?.type ?? '-', key ? fingerprint(key.blob) : '-', words[state]]
}

function inJson(one: Seen, recorded: readonly Seen[]): Readonly<Record<string, unknown>> {
  const { target, host, key, state, trust } = one
  const written = recorded.includes(one)
  const fields = {
    target,
    host,
    type: key?.type ?? null,
    fingerprint: key && fingerprint(key.blob),
    known: state === 'known' || written,
  }
  return { ...fields, recorded: written, file: written ? (trust.files[0] ?? null) : null }
}

function inWords(recorded: readonly Seen[]): string {
  if (recorded.length === 0) return ''
  const files = [...new Set(recorded.map(({ trust }) => trust.files[0]))]
  return `recorded ${recorded.length === 1 ? 'it' : `all ${recorded.length}`} in ${files.join(', ')}`
}
