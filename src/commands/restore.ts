import { loadConfig, pickTargets } from '../local/config.ts'
import { ReleaserError } from '../model/errors.ts'
import { madeAt } from '../model/job.ts'
import { lookInto } from '../remote/backups.ts'
import type { Asked, Planner } from '../rollout/host.ts'
import { NO_RELEASE } from '../rollout/input.ts'
import type { Preparation } from '../rollout/prepare.ts'
import { rollOut } from '../rollout/rollout.ts'
import { currentOf } from '../tasks/current.ts'
import { planRestore, refuseOthers } from '../tasks/restore.ts'
import { ago } from '../ui/time.ts'
import { author } from './author.ts'
import type { Call, Outcome } from './command.ts'
import { destinations, labels, leads } from './destinations.ts'
import { environments } from './environment.ts'
import { layAll, type Meant, meantOn } from './lay-out.ts'
import { sayHosts } from './meant-hosts.ts'
import { planText } from './plan-text.ts'
import { askProtected } from './protected.ts'
import { withHosts } from './with-hosts.ts'

/** `releaser restore`: what a backup holds takes the place of what is there, on every host or on none. */
export async function run(call: Call): Promise<Outcome> {
  const loaded = await loadConfig({ file: call.globals.config, cwd: process.cwd() })
  const targets = await pickTargets(loaded, call.values['target'], call.signal)
  const all = destinations(targets, call.values['host'])
  sayHosts(call, all)
  // What is printed there may hold them.
  await environments(all, { dir: loaded.dir, call })
  const act = async (prepared: Preparation): Promise<Outcome> => {
    for (const asked of prepared.hosts) currentOf(asked)
    const meant = await meantOn(call, prepared.hosts, call.values['backup'])
    if (call.globals.dryRun) return forecast(call, meant)
    await askProtected(call, targets, 'restore')
    await demandYes(call, meant)
    const rows = call.ui.rows(labels(prepared.hosts))
    try {
      const laid = await layAll(call, loaded, meant)
      try {
        return await putBack(call, prepared, { meant, planner: planner(call, prepared.hosts, laid.of) })
      } finally {
        await laid.release()
      }
    } finally {
      await rows.close()
    }
  }
  return withHosts(call, all, act, { aside: true })
}

async function demandYes({ ui, globals }: Call, meant: readonly Meant[]): Promise<void> {
  if (globals.yes) return
  const now = new Date()
  const told = meant.map(({ asked, name }) => {
    const at = madeAt(name)
    return `${name}${at === null ? '' : `, made ${ago(new Date(at), now)},`} on ${asked.host.name}`
  })
  const question = `Put back ${told.join('; ')}? What is there now is replaced`
  if (await ui.confirm(question, { initial: false, answer: '--yes' })) return
  throw new ReleaserError('INTERRUPTED', 'stopped: nothing was done')
}

function planner({ values }: Call, asked: readonly Asked[], laidOn: Awaited<ReturnType<typeof layAll>>['of']): Planner {
  return (destination, facts) => {
    const { target, host } = destination
    const backup = laidOn(host)
    if (values['force'] !== 'true') refuseOthers(backup, { app: target.app, target: target.name, host: host.name })
    return planRestore({ target, host, facts, first: leads(destination, asked), backup })
  }
}

async function putBack(
  call: Call,
  { hosts, skipped }: Preparation,
  { meant, planner: plan }: { readonly meant: readonly Meant[]; readonly planner: Planner },
): Promise<Outcome> {
  const prepared = hosts.map((asked) => ({ ...asked, plan: plan(asked, asked.facts) }))
  const names = [...new Set(meant.map(({ name }) => name))].join(', ')
  const done = await rollOut(prepared, {
    plan,
    author: author(`restore of ${names}`),
    observe: call.ui.observe,
    signal: call.signal,
    wait: call.globals.wait,
    ...NO_RELEASE,
  })
  const restored = meant.map(({ asked, name }) => ({ target: asked.target.name, host: asked.host.name, name, at: madeAt(name) }))
  const target = [...new Set(hosts.map((asked) => asked.target.name))].join(',')
  return {
    result: { target, changed: done.some(({ changed }) => changed), restored, hosts: [...done, ...skipped] },
    text: restored.map(({ host, name }) => `${host}: ${name} is back`).join('\n'),
  }
}

/** What would be, told by what the backups on hosts say of themselves; nothing is unpacked. */
async function forecast(call: Call, meant: readonly Meant[]): Promise<Outcome> {
  const told = await Promise.all(
    meant.map(async ({ asked, name, file }) => {
      const { target, host, facts, remote } = asked
      if (file !== null || name.endsWith('.age'))
        return {
          plan: null,
          text: `${target.name} ${host.name}: would send ${file ?? name}, unpack it there, and put back what is in it`,
        }
      const content = await lookInto(remote, host.path, name, call.signal)
      const backup = { ...content, name, key: '-' }
      if (call.values['force'] !== 'true') refuseOthers(backup, { app: target.app, target: target.name, host: host.name })
      const plan = planRestore({
        target,
        host,
        facts,
        first: leads(
          asked,
          meant.map((one) => one.asked),
        ),
        backup,
      })
      return { plan, text: planText(plan) }
    }),
  )
  return {
    result: { dryRun: true, plans: told.flatMap(({ plan }) => plan ?? []) },
    text: told.map(({ text }) => text).join('\n\n'),
  }
}
