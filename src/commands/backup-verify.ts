import { loadConfig, pickTargets } from '../local/config.ts'
import { type ErrorCode, ReleaserError } from '../model/errors.ts'
import { madeAt } from '../model/job.ts'
import { runJob } from '../remote/jobs.ts'
import { inParallel } from '../rollout/parallel.ts'
import { jobRows } from '../tasks/jobs.ts'
import type { Call, Outcome } from './command.ts'
import { destinations, labels } from './destinations.ts'
import { environments } from './environment.ts'
import { brought, type Meant, meantOn } from './lay-out.ts'
import { withHosts } from './with-hosts.ts'

/** Hosts at once. */
const AT_ONCE = 10

/** `releaser backup-verify`: unpacks a backup on its host, beside all that serves, and proves it, as the timer does. */
export async function run(call: Call): Promise<Outcome> {
  const loaded = await loadConfig({ file: call.globals.config, cwd: process.cwd() })
  const targets = await pickTargets(loaded, call.values['target'], call.signal)
  const all = destinations(targets, call.values['host'])
  // What is printed there may hold them.
  await environments(all, { dir: loaded.dir, call })
  const act = async (meant: readonly Meant[]): Promise<Outcome> => {
    if (call.globals.dryRun) {
      const text = meant.map(({ asked, name }) => `${asked.host.name}: would unpack ${name} and prove it`)
      return { result: { dryRun: true, verified: [] }, text: text.join('\n') }
    }
    const rows = call.ui.rows(labels(meant.map(({ asked }) => asked)))
    const ended = await inParallel(meant, AT_ONCE, (one) => onHost(call, loaded.storeDir, one)).finally(() => rows.close())
    return closing(ended)
  }
  return withHosts(call, all, async ({ hosts }) => act(await meantOn(call, hosts, call.values['backup'])), { aside: true })
}

async function onHost(call: Call, storeDir: string, meant: Meant) {
  const { host, target, remote } = meant.asked
  const step = { event: 'step', host: host.name, step: 'verify' } as const
  call.ui.observe({ ...step, state: 'start' })
  const sent = await brought(call, storeDir, meant)
  const name = sent ?? meant.name
  const rows = [...jobRows('verify', meant.asked), ['backup', name] as const, ...(sent === null ? [] : [['sent', sent] as const])]
  const end = await runJob(remote, host.path, { job: 'verify', rows }, call.signal)
  const ok = end.exit === 0
  const { message, output } = end
  call.ui.observe({ ...step, state: ok ? 'ok' : 'failed', ...(ok ? {} : { detail: message }) })
  return { host: host.name, target: target.name, name, at: madeAt(name), ok, exit: end.exit, message, output }
}

const CODES: Readonly<Record<number, ErrorCode>> = { 4: 'LOCKED', 9: 'NOT_FOUND', 10: 'REMOTE_COMMAND', 11: 'INTEGRITY' }
const HINTS: { readonly [K in ErrorCode]?: string } = {
  LOCKED: 'try again when it is done',
  REMOTE_COMMAND: 'see what it said: releaser timer log target=NAME job=verify',
  INTEGRITY: 'it cannot be trusted: make a new one (releaser backup target=NAME), and see what became of the disk',
}

/** What is worse is told first. */
const WORST: readonly ErrorCode[] = ['INTEGRITY', 'REMOTE_COMMAND', 'NOT_FOUND', 'NOT_CHANGED', 'LOCKED']

function closing(verified: readonly Awaited<ReturnType<typeof onHost>>[]): Outcome {
  const bad = verified.filter(({ ok }) => !ok).map((one) => ({ ...one, code: CODES[one.exit ?? 1] ?? ('NOT_CHANGED' as const) }))
  const code = WORST.find((each) => bad.some((one) => one.code === each))
  if (code)
    throw new ReleaserError(code, bad.map(({ host, message }) => `${host}: ${message}`).join('; '), {
      hint: HINTS[code],
      result: { verified },
    })
  return { result: { verified }, text: verified.map(({ host, name }) => `${host}: ${name} can be restored`).join('\n') }
}
