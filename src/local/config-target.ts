import type { Hooks, HostsCommand, Target as Settings } from '../model/config.ts'
import { seconds } from '../model/duration.ts'
import { type HealthProblem, parseHealth } from '../model/health.ts'
import { isSystemd } from '../model/service.ts'
import { parseStrategy } from '../model/strategy.ts'
import { didYouMean } from '../model/suggest.ts'
import type { Target } from '../model/target.ts'
import { resolveHosts } from './config-hosts.ts'
import { jobProblems } from './config-jobs.ts'
import { overlap, plainPath } from './config-path.ts'
import type { Problem } from './config-problem.ts'
import { signerProblems } from './config-signers.ts'
import { plainTemplates, templateProblems } from './config-templates.ts'
import { localFile } from './local-file.ts'

const KEEP = 5
const CONFIRM_SECONDS = 60
const INVENTORY_SECONDS = 60

/** The settings of a target over the defaults: the target wins, key by key in `env`, `hooks` and `shared`. */
export function merge(defaults: Partial<Settings>, target: Partial<Settings>): Partial<Settings> {
  const merged = { ...defaults, ...target }
  return {
    ...merged,
    ...(merged.env && { env: { ...defaults.env, ...target.env } }),
    ...(merged.hooks && { hooks: { ...defaults.hooks, ...target.hooks } }),
    ...(merged.shared && { shared: { ...defaults.shared, ...target.shared } }),
  }
}

/** A target as the rest of the program knows it. `apps` are the names it may choose from, `dir` is where relative files lie. */
export function resolveTarget(
  name: string,
  settings: Partial<Settings>,
  { apps, dir }: { readonly apps: readonly string[]; readonly dir: string },
): { readonly target: Target } | { readonly problems: readonly Problem[] } {
  const at = `targets.${name}`
  const {
    hosts: written,
    path,
    app: named,
    keep,
    hooks,
    confirm,
    shared,
    identity,
    knownHosts,
    health,
    templates,
    strategy,
    ...rest
  } = settings
  const app = named ?? (apps.length === 1 ? apps[0] : undefined)
  const key = identity === undefined ? undefined : localFile(dir, identity)
  const inventory = written && 'command' in written ? written : undefined
  const list = written && !('command' in written) ? written : []
  const { hosts, problems: unfit } = resolveHosts(`${at}.hosts`, list, { path: path ?? '', key, dir })
  const asked = health === undefined ? undefined : parseHealth(health)
  const lists = { dirs: shared?.dirs?.map(plainPath) ?? [], files: shared?.files?.map(plainPath) ?? [] }
  const rendered = templates && plainTemplates(templates)
  const waves = strategy && parseStrategy(strategy)
  const problems = [
    ...(written === undefined ? [{ path: `${at}.hosts`, says: 'is missing', hint: "write hosts: ['user@host']" }] : []),
    ...(list.length === 0 && written && !inventory
      ? [{ path: `${at}.hosts`, says: 'is empty', hint: "write hosts: ['user@host']" }]
      : []),
    ...(path === undefined ? [{ path: `${at}.path`, says: 'is missing', hint: `write path: '/srv/${app ?? 'app'}'` }] : []),
    ...appProblems(at, app, apps),
    ...unfit,
    ...(asked && 'problems' in asked ? asked.problems.map((problem) => healthProblem(at, problem)) : []),
    ...sharedProblems(at, [...lists.dirs, ...lists.files]),
    ...journalProblems(at, settings),
    ...signerProblems(at, settings),
    ...jobProblems(at, settings),
    ...templateProblems(at, rendered ?? [], [...lists.dirs, ...lists.files]),
    ...(confirm === false ? unconfirmed(at, hooks ?? {}) : []),
    ...(waves && 'says' in waves ? [{ path: `${at}.strategy.${waves.path}`, says: waves.says }] : []),
  ]
  if (problems.length > 0 || path === undefined || app === undefined) return { problems }
  const target: Target = {
    ...rest,
    ...(shared && { shared: lists }),
    ...(rendered && { templates: rendered }),
    ...(asked && 'health' in asked && { health: asked.health }),
    ...(waves && !('says' in waves) && { strategy: waves }),
    ...(key !== undefined && { identity: key }),
    ...(knownHosts !== undefined && { knownHosts: localFile(dir, knownHosts) }),
    name,
    app,
    path,
    hosts,
    ...(inventory && { inventory: inventoryOf(inventory) }),
    keep: keep ?? KEEP,
    hooks: hooks ?? {},
    confirmSeconds: confirm === false ? 0 : ((confirm === undefined ? undefined : seconds(confirm)) ?? CONFIRM_SECONDS),
  }
  return { target }
}

function inventoryOf({ command, timeout }: HostsCommand): NonNullable<Target['inventory']> {
  return { command, seconds: (timeout === undefined ? undefined : seconds(timeout)) ?? INVENTORY_SECONDS }
}

function appProblems(at: string, app: string | undefined, apps: readonly string[]): readonly Problem[] {
  // That a configuration names no app at all is told once, not for every target.
  if (apps.length === 0) return []
  if (app === undefined) return [{ path: `${at}.app`, says: 'is missing', hint: `name one of ${apps.join(', ')}` }]
  return apps.includes(app)
    ? []
    : [{ path: `${at}.app`, says: `names "${app}", which is no app of this configuration`, hint: didYouMean(app, apps) }]
}

function healthProblem(at: string, { path, says, hint }: HealthProblem): Problem {
  return { path: `${at}.health${path === '' ? '' : `.${path}`}`, says, hint }
}

/** Here after the switch a hook can only speak while the hosts wait to be confirmed. */
function unconfirmed(at: string, hooks: Hooks): readonly Problem[] {
  return (['post-activate', 'post-start'] as const).flatMap((name) => {
    const hook = hooks[name]
    if (typeof hook !== 'object' || hook.on !== 'local') return []
    const says = "cannot be 'local' with confirm: false, since no host waits for it then"
    return [{ path: `${at}.hooks.${name}.on`, says, hint: `leave confirm: false out, or write the hook as 'post-deploy'` }]
  })
}

function sharedProblems(at: string, paths: readonly string[]): readonly Problem[] {
  const clash = overlap(paths)
  if (!clash) return []
  const [outer, inner] = clash
  const says = outer === inner ? `names "${outer}" twice` : `holds "${inner}", which lies in "${outer}"`
  return [{ path: `${at}.shared`, says, hint: `leave "${inner}" out` }]
}

function journalProblems(at: string, { logs = [], runner }: Partial<Settings>): readonly Problem[] {
  const index = logs.indexOf('journal')
  if (index < 0 || isSystemd(runner)) return []
  const says = 'names the journal, which has only what systemd runs'
  return [{ path: `${at}.logs[${index}]`, says, hint: "have systemd run the app (runner: 'systemd'), or name files below path" }]
}
