import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { writeDurably } from '../local/durable.ts'
import { ReleaserError } from '../model/errors.ts'
import type { Plan } from '../model/plan.ts'
import type { Call } from './command.ts'

const FORMAT = 'releaser-plan 1'
/** What decides a deploy: a plan from a file says all of it. */
const SAID = ['target', 'app', 'host', 'release', 'build', 'force'] as const

/** A deploy that somebody has looked at: its words, and what is to happen on each host, without any secret. */
interface PlanFile {
  readonly format: typeof FORMAT
  readonly values: Readonly<Record<string, string>>
  readonly plans: readonly Plan[]
}

/** Saves a dry run, so that `plan=FILE` does exactly that later. The file is its owner's alone. Fails with USAGE. */
export async function savePlan(file: string, { values }: Call, release: string, plans: readonly Plan[]): Promise<void> {
  const said = SAID.flatMap((key) => (values[key] === undefined || key === 'build' ? [] : [[key, values[key]] as const]))
  const content: PlanFile = { format: FORMAT, values: { ...Object.fromEntries(said), release }, plans }
  const path = resolve(file)
  await writeDurably(path, `${JSON.stringify(content, null, 2)}\n`, `${path}.${process.pid}.tmp`).catch((error: Error) => {
    throw new ReleaserError('USAGE', `the plan could not be written: ${error.message}`, {
      hint: 'name another file: --plan-out=FILE',
    })
  })
}

/** A saved plan, taken as the only one that may be carried out. */
export interface Approved {
  /** The words of the deploy that it was made for. */
  readonly values: Readonly<Record<string, string>>
  /** Fails with NOT_CHANGED where a host would get another plan than the saved one, `plan` being without secrets. */
  demand(plan: Plan): void
  /** Fails with NOT_CHANGED where the hosts are others. */
  demandHosts(hosts: readonly { readonly target: { readonly name: string }; readonly host: { readonly name: string } }[]): void
}

/** Reads a saved plan. Fails with USAGE where it is none, or where other words say what it says. */
export async function readPlan(file: string, { values, globals }: Call): Promise<Approved> {
  const spare = SAID.find((key) => values[key] !== undefined) ?? (globals.skipUnreachable ? 'skip-unreachable' : undefined)
  if (spare !== undefined)
    throw new ReleaserError('USAGE', `plan=${file} says all of it, and ${spare} would change that`, {
      hint: `leave ${spare} out`,
    })
  const saved = await parsed(file)
  const called = (target: string, host: string) => (saved.plans.length > 1 ? `${target}/${host}` : host)
  const { target, app, release } = saved.values
  const words = `target=${target}${app === undefined ? '' : ` app=${app}`} release=${release}`
  const refuse = (host: string, what: string) =>
    new ReleaserError('NOT_CHANGED', `${host}: ${what} since the plan was made (nothing was changed on any host)`, {
      hint: `look again, and approve a new one: releaser deploy ${words} --dry-run --plan-out=${file}`,
    })
  return {
    values: saved.values,
    demand: (plan) => {
      const same = saved.plans.find(({ target, host }) => target === plan.target && host === plan.host)
      const name = called(plan.target, plan.host)
      if (!same) throw refuse(name, 'it has come to the target')
      const what = difference(same, plan)
      if (what !== undefined) throw refuse(name, what)
    },
    demandHosts: (hosts) => {
      const gone = saved.plans.find(
        ({ target, host }) => !hosts.some((other) => other.target.name === target && other.host.name === host),
      )
      if (gone) throw refuse(called(gone.target, gone.host), 'it has left the target')
    },
  }
}

async function parsed(file: string): Promise<PlanFile> {
  const none = (why: string) =>
    new ReleaserError('USAGE', `${file} is no plan: ${why}`, { hint: 'make one: --dry-run --plan-out=FILE' })
  const text = await readFile(resolve(file), 'utf8').catch((error: Error) => {
    throw none(error.message)
  })
  const found = ((): Partial<PlanFile> | null => {
    try {
      return JSON.parse(text) as Partial<PlanFile> | null
    } catch {
      return null
    }
  })()
  if (found?.format !== FORMAT || !Array.isArray(found.plans) || typeof found.values !== 'object')
    throw none('this releaser did not write it')
  return found as PlanFile
}

/** What has become of a host or its settings, in words; undefined where the plan is the same but for who does it and when. */
function difference(saved: Plan, now: Plan): string | undefined {
  if (saved.seq !== now.seq || saved.from !== now.from) return 'somebody has changed it'
  const [before, after] = [saved, now].map(timeless)
  if (before === undefined || after === undefined) return undefined
  const keys = [...new Set([...Object.keys(before), ...Object.keys(after)])] as (keyof Plan)[]
  const changed = keys.filter((key) => JSON.stringify(before[key]) !== JSON.stringify(after[key]))
  return changed.length === 0 ? undefined : `its configuration has changed (${changed.join(', ')})`
}

function timeless({ forecast: _, next, env, back, ...plan }: Plan): Partial<Plan> {
  return {
    ...plan,
    next: { ...next, since: null, by: null },
    env: { ...env, RELEASER_DRY_RUN: '' },
    ...(back && { back: { ...back, env: { ...back.env, RELEASER_DRY_RUN: '' } } }),
  }
}
