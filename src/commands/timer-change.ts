import { ReleaserError } from '../model/errors.ts'
import { installTimer, type Timer, textsOf } from '../remote/timer-install.ts'
import type { Asked } from '../rollout/host.ts'
import { inParallel } from '../rollout/parallel.ts'
import type { Preparation } from '../rollout/prepare.ts'
import { mayBySudo, scheduled, timerOf } from '../tasks/timer.ts'
import type { Call, Outcome } from './command.ts'

/** Hosts at once. */
const AT_ONCE = 10

/** Installs the jobs of targets, or removes them. Every host is decided for before the first is touched. Fails with NOT_CHANGED, LOCKED, PARTIAL. */
export async function changeTimers(call: Call, word: 'install' | 'remove', { hosts, skipped }: Preparation): Promise<Outcome> {
  const wanted = await inParallel(hosts, AT_ONCE, async (asked) => ({
    asked,
    timer: word === 'install' ? wantedOn(await withSudo(asked)) : null,
  }))
  if (call.globals.dryRun) {
    const text = wanted.map(
      ({ asked, timer }) => `${asked.host.name}: would ${timer ? word : 'remove'}${timer ? `\n${inWords(timer)}` : ''}`,
    )
    return { result: { dryRun: true, hosts: [] }, text: text.join('\n') }
  }
  const ended = await inParallel(wanted, AT_ONCE, async ({ asked, timer }) => ({
    host: asked.host.name,
    target: asked.target.name,
    by: timer?.kind ?? null,
    jobs: timer?.jobs.map(({ job, schedule }) => ({ job, schedule: schedule.fields.join(' ') })) ?? [],
    ...(await installTimer(asked.remote, asked.host.path, timer, call.signal)),
  }))
  const told = ended.map(({ result, why, ...rest }) => ({
    ...rest,
    changed: result === 'changed',
    ok: result !== 'failed' && result !== 'busy',
    message: why,
  }))
  const result = { changed: told.some(({ changed }) => changed), hosts: [...told, ...skipped] }
  const failed = ended.filter(({ result: it }) => it === 'failed' || it === 'busy')
  if (failed.length > 0) {
    const code =
      failed.length < ended.length ? 'PARTIAL' : failed.every(({ result: it }) => it === 'busy') ? 'LOCKED' : 'NOT_CHANGED'
    throw new ReleaserError(code, failed.map(({ host, why }) => `${host}: ${why}`).join('; '), {
      hint: `mend that, and run releaser timer ${word} again`,
      result,
    })
  }
  for (const { host, message } of told) if (message !== '') call.ui.observe({ event: 'note', host, message })
  const lines = told.map(({ host, by, jobs, changed }) =>
    word === 'install' && jobs.length > 0
      ? `${host}: ${jobs.map(({ job, schedule }) => `${job} at ${schedule}`).join(', ')}, by ${by}${changed ? '' : ', as before'}`
      : `${host}: ${changed ? 'removed' : 'nothing was installed'}`,
  )
  return { result, text: lines.join('\n') }
}

/** Where it matters, a host says whether sudo is allowed: it may write down that it was asked. */
async function withSudo(asked: Asked): Promise<Asked> {
  return mayBySudo(asked.facts) ? { ...asked, facts: await asked.agent.status({ sudo: true }) } : asked
}

/** Null: everything that is installed goes, since the configuration says no to it. */
function wantedOn(asked: Asked): Timer | null {
  const { target, facts } = asked
  if (scheduled(target).length === 0) return null
  return { app: target.app, target: target.name, root: facts.root, user: facts.user.name, ...timerOf(asked) }
}

function inWords(timer: Timer): string {
  return Object.values(textsOf(timer))
    .join('\n')
    .replace(/^(?=.)/gm, '  ')
    .trimEnd()
}
