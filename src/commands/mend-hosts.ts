import type { LoadedConfig } from '../local/config.ts'
import type { Store } from '../local/store.ts'
import { ReleaserError } from '../model/errors.ts'
import type { Finding } from '../model/finding.ts'
import type { Facts, Plan } from '../model/plan.ts'
import type { Release } from '../model/release.ts'
import type { Target } from '../model/target.ts'
import type { Asked, Destination } from '../rollout/host.ts'
import { type Moment, NO_RELEASE, type RolloutInput } from '../rollout/input.ts'
import { rollOut } from '../rollout/rollout.ts'
import { planForget, planMend } from '../tasks/mend.ts'
import type { Wanted } from '../tasks/wanted.ts'
import { author } from './author.ts'
import type { Call } from './command.ts'
import { labels, leads } from './destinations.ts'
import { type Environments, environments } from './environment.ts'
import { hooksAt } from './moments.ts'
import { openStoreAt } from './place.ts'
import { askProtected } from './protected.ts'
import { shipments } from './shipment.ts'
import { withSignature } from './signed.ts'
import { verifyHost } from './verify-host.ts'

interface MendWanted {
  readonly loaded: LoadedConfig
  readonly targets: readonly Target[]
  readonly hosts: readonly Asked[]
  /** The one release that was asked for; null: all. */
  readonly only: string | null
}

/** A release that is damaged somewhere, and the store's copy of it; null where there is none, or it is damaged too. */
interface Case {
  readonly id: string
  readonly hosts: readonly Asked[]
  readonly source: Release | null
  /** Whether it serves on one of these hosts. */
  readonly serves: boolean
}

/**
 * Sends what is damaged on hosts once more, each release into a directory of its own, the ones that serve last; removes what cannot be
 * mended where somebody says so. Then looks again: what is told is what was found, each with whether it is mended, and what is new.
 */
export async function mendHosts(call: Call, wanted: MendWanted, found: readonly Finding[]): Promise<readonly Finding[]> {
  const { loaded, hosts, targets, only } = wanted
  const store = await openStoreAt(loaded.storeDir, call)
  const cases = await casesOf(store, hosts, found)
  if (call.globals.dryRun) {
    for (const one of cases) call.ui.say(inWords(one))
    return found.map((finding) => ({ ...finding, mended: false }))
  }
  await askProtected(call, targets, 'mend')
  const going: Case[] = []
  for (const one of cases) if (one.source || (await mayGo(call, one))) going.push(one)
  const apps = await environments(hosts, { dir: loaded.dir, call })
  try {
    for (const one of going) await mend(call, { ...wanted, store, apps }, one)
  } catch (error) {
    if (!(error instanceof ReleaserError)) throw error
    const { code, message, hint, cause, result } = error
    throw new ReleaserError(code, message, { hint, cause, result: { ...result, findings: found } })
  }
  const again: Finding[] = []
  for (const asked of hosts.filter((one) => found.some((finding) => isOn(finding, one))))
    again.push(...(await verifyHost(call, { ...asked, facts: await asked.agent.status() }, only)))
  const left = new Set(again.map(keyOf))
  const known = new Set(found.map(keyOf))
  return [
    ...found.map((finding) => ({ ...finding, mended: !left.has(keyOf(finding)) })),
    ...again.filter((finding) => !known.has(keyOf(finding))).map((finding) => ({ ...finding, mended: false })),
  ]
}

/** Those that serve nowhere first: they are the way back while the others are mended. */
async function casesOf(store: Store, hosts: readonly Asked[], found: readonly Finding[]): Promise<readonly Case[]> {
  const ids = [...new Set(found.flatMap(({ release, path }) => (release === null || path === 'current' ? [] : [release])))]
  const cases: Case[] = []
  for (const id of ids.sort()) {
    const damaged = hosts.filter((asked) => found.some((one) => one.release === id && one.path !== 'current' && isOn(one, asked)))
    const here = store.list(damaged[0]?.target.app).find((release) => release.id === id)
    const whole =
      here &&
      (await store.check(here).then(
        () => true,
        () => false,
      ))
    const serves = damaged.some(({ facts }) => servesOn(id, facts))
    cases.push({ id, hosts: damaged, source: whole ? here : null, serves })
  }
  return cases.sort((a, b) => Number(a.serves) - Number(b.serves))
}

function servesOn(id: string, { current }: Facts): boolean {
  return current.kind === 'link' && current.dir.replace(/~.*/, '') === id
}

/** Whether somebody wants a release gone that cannot be mended. What serves stays, whatever becomes of it. */
async function mayGo({ ui, globals }: Call, { id, hosts, serves }: Case): Promise<boolean> {
  const where = labels(hosts).join(', ')
  const why = `${id} on ${where} cannot be mended: the store has no whole tarball of it`
  if (serves) {
    ui.warn(`${why}; it serves, and so it stays: deploy another release, or build this one again`)
    return false
  }
  if (globals.yes) return true
  if (ui.interactive) return ui.confirm(`${why}. Remove it there?`, { initial: false, answer: '--yes' })
  ui.warn(`${why}; it stays (--yes removes it)`)
  return false
}

function inWords({ id, hosts, source, serves }: Case): string {
  const where = labels(hosts).join(', ')
  if (source) return `would send ${id} to ${where} once more${serves ? ', and switch to it where it serves' : ''}`
  return `cannot mend ${id} on ${where}: the store has no whole tarball of it${serves ? '' : '; would ask whether to remove it'}`
}

/** Carries out one case, over all its hosts. */
async function mend(
  call: Call,
  { loaded, store, apps, targets, hosts }: MendWanted & { readonly store: Store; readonly apps: Environments },
  { id, hosts: damaged, source, serves }: Case,
): Promise<void> {
  const { by } = author('')
  const knownManifests = new Set(store.list().map((release) => release.id))
  const manifest = source && (await store.manifest(source))
  const here: Wanted | null = source && { id, version: source.version, digest: source.digest, manifest }
  const release = here && (await withSignature(call, here, { store, source, targets, hosts: damaged }))
  const plan = (destination: Destination, facts: Facts): Plan => {
    const { target, host } = destination
    if (!release) return planForget({ target, host, facts, id })
    const { values: appEnv, secret: secrets } = apps.of(destination)
    const first = leads(destination, hosts)
    return planMend({ target, host, facts, release, knownManifests, by, dryRun: false, appEnv, secrets, first })
  }
  const prepared = await Promise.all(
    damaged.map(async (asked) => {
      const facts = await asked.agent.status()
      return { ...asked, facts, plan: plan(asked, facts) }
    }),
  )
  const releases = new Map(release ? damaged.map(({ target }) => [target.app, release] as const) : [])
  const moment = async (name: Moment) => {
    // Nothing is deployed: only what stands around stopping and switching is run here, too.
    if (serves && HOOKED.includes(name)) await hooksAt(name, { call, loaded, targets, action: 'deploy' }, releases, prepared)
  }
  const input: RolloutInput = {
    plan,
    author: author(`verify --fix of ${id}`),
    observe: call.ui.observe,
    signal: call.signal,
    wait: call.globals.wait,
    ...NO_RELEASE,
    ...(source && { shipment: await shipments({ store, source }), moment }),
  }
  const rows = call.ui.rows(labels(prepared))
  await rollOut(prepared, input).finally(() => rows.close())
}

const HOOKED: readonly Moment[] = ['ready', 'switched', 'undone']

function isOn({ host, target }: Finding, asked: Asked): boolean {
  return host === asked.host.name && target === asked.target.name
}

/** What a finding is about, wherever the release lies by now. */
function keyOf({ host, target, release, path }: Finding): string {
  return [target, host, release, path.replace(/~\d+/, '')].join('\t')
}
