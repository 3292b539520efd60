import { homedir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import type { Builder, Config, Target as Settings } from '../model/config.ts'
import { ReleaserError } from '../model/errors.ts'
import { didYouMean } from '../model/suggest.ts'
import type { Target } from '../model/target.ts'
import { checkForm } from './config-check.ts'
import { findConfig, readConfig } from './config-file.ts'
import { configError } from './config-problem.ts'
import { appsOf, referenceProblems } from './config-references.ts'
import type { Written } from './config-schema.ts'
import { merge, resolveTarget } from './config-target.ts'
import { withInventory } from './inventory.ts'

/** A configuration that holds together, and where it lies. All paths are absolute. */
export interface LoadedConfig {
  readonly file: string
  /** Its folder: builds and local hooks run here. */
  readonly dir: string
  /** As written, with `defaults` merged into every target. */
  readonly config: Config
  readonly storeDir: string
  /** The names of the apps; at least one. */
  readonly apps: readonly string[]
  /** In the order of the file. */
  readonly targets: ReadonlyMap<string, Target>
  /** The targets with the hosts that were asked for, by name: nobody is asked twice. */
  readonly asked: Map<string, Promise<Target>>
}

/** Reads the configuration: `file`, or the nearest from `cwd` upwards. Fails with CONFIG, naming every problem, its path and the file. */
export async function loadConfig(options: { readonly file?: string | undefined; readonly cwd: string }): Promise<LoadedConfig> {
  const file = options.file === undefined ? await findConfig(options.cwd) : resolve(options.cwd, options.file)
  const checked = checkForm(await readConfig(file))
  if ('problems' in checked) throw configError(file, checked.problems)
  const { written } = checked
  const dir = dirname(file)
  const storeDir = storeFolder(dir, written)
  const apps = appsOf(written)
  const merged = Object.entries(written.targets).map(([name, target]) => [name, merge(written.defaults ?? {}, target)] as const)
  const resolved = merged.map(([name, settings]) => resolveTarget(name, settings, { apps, dir }))
  const problems = [
    ...referenceProblems(written, { file, dir, storeDir }),
    ...resolved.flatMap((it) => ('problems' in it ? it.problems : [])),
  ]
  if (problems.length > 0) throw configError(file, problems)
  const targets = new Map(resolved.flatMap((it) => ('target' in it ? [[it.target.name, it.target] as const] : [])))
  // Nothing is missing in a target that could be resolved.
  const config: Config = { ...written, targets: Object.fromEntries(merged) as Record<string, Settings> }
  return { file, dir, config, storeDir, apps, targets, asked: new Map() }
}

/**
 * The targets that a list of names means, with their hosts: where a command prints them it is asked for them, several at the same
 * time. Fails with USAGE as `namedTargets` does, and with CONFIG and INTERRUPTED as `withInventory` does.
 */
export async function pickTargets(
  loaded: LoadedConfig,
  names: string | undefined,
  signal?: AbortSignal,
): Promise<readonly Target[]> {
  return withHosts(loaded, namedTargets(loaded, names), signal)
}

/** The same, or all there are where none is named. */
export async function targetsOrAll(
  loaded: LoadedConfig,
  names: string | undefined,
  signal: AbortSignal,
): Promise<readonly Target[]> {
  return withHosts(loaded, names === undefined ? [...loaded.targets.values()] : namedTargets(loaded, names), signal)
}

async function withHosts(
  loaded: LoadedConfig,
  targets: readonly Target[],
  signal: AbortSignal | undefined,
): Promise<readonly Target[]> {
  const ask = (target: Target): Promise<Target> => {
    const asked = loaded.asked.get(target.name) ?? withInventory(target, { ...loaded, signal })
    loaded.asked.set(target.name, asked)
    return asked
  }
  // Where one fails the others are waited for: nothing that we started goes on without us.
  const answers = await Promise.allSettled(targets.map(ask))
  return answers.map((answer) => {
    if (answer.status === 'rejected') throw answer.reason
    return answer.value
  })
}

/**
 * The targets that a comma-separated list of targets and groups names, each once, in order, for those who need no hosts. Fails with
 * USAGE.
 */
export function namedTargets(loaded: LoadedConfig, names: string | undefined): readonly Target[] {
  const groups = loaded.config.groups ?? {}
  const known = [...loaded.targets.keys(), ...Object.keys(groups)]
  const wanted = (names ?? '').split(',').filter((name) => name !== '')
  if (wanted.length === 0) {
    throw new ReleaserError('USAGE', 'no target is named', {
      hint: known.length === 0 ? `add one to ${loaded.file}` : `say which: ${known.map((name) => `target=${name}`).join(' or ')}`,
    })
  }
  const expand = (name: string): readonly Target[] => {
    const target = loaded.targets.get(name)
    if (target) return [target]
    if (Object.hasOwn(groups, name)) return (groups[name] ?? []).flatMap(expand)
    throw new ReleaserError('USAGE', `there is no target "${name}" in ${loaded.file}`, { hint: didYouMean(name, known) })
  }
  return [...new Set(wanted.flatMap(expand))]
}

/**
 * Which builder makes a build: the one named, else the target's, else its app's, else the one of the target's name, else the only one.
 * The target's own `pre-build` and `post-build` stand in where the builder has none.
 */
export function pickBuilder(
  loaded: LoadedConfig,
  options: { readonly builder?: string | undefined; readonly target?: Target | undefined; readonly app?: string | undefined },
): { readonly name: string; readonly builder: Builder } {
  const builders = new Map(Object.entries(loaded.config.builders ?? {}))
  const { target } = options
  const app = options.app ?? target?.app
  const ofApp = Object.entries(loaded.config.apps ?? {}).find(([name]) => name === app)?.[1].builder
  const ofName = target && builders.has(target.name) ? target.name : undefined
  const only = builders.size === 1 ? [...builders.keys()][0] : undefined
  const name = options.builder ?? target?.builder ?? ofApp ?? ofName ?? only
  const builder = name === undefined ? undefined : builders.get(name)
  if (name === undefined || builder === undefined) throw noBuilder(loaded, name, [...builders.keys()])
  return { name, builder: { ...builder, ...hooksFor(builder, target) } }
}

function hooksFor(builder: Builder, target: Target | undefined): Pick<Builder, 'hooks'> {
  const { 'pre-build': pre, 'post-build': post } = target?.hooks ?? {}
  return {
    hooks: {
      ...(pre !== undefined && { 'pre-build': pre }),
      ...(post !== undefined && { 'post-build': post }),
      ...builder.hooks,
    },
  }
}

function noBuilder(loaded: LoadedConfig, name: string | undefined, known: readonly string[]): ReleaserError {
  if (known.length === 0) {
    return new ReleaserError('CONFIG', `${loaded.file} has no builder`, {
      hint: "add one: builders: { app: { type: 'command', run: 'make', output: 'dist' } }, or pack a folder: releaser pack dir=dist",
    })
  }
  if (name === undefined) {
    return new ReleaserError('USAGE', `there are ${known.length} builders`, {
      hint: `say which: ${known.map((it) => `builder=${it}`).join(' or ')}`,
    })
  }
  return new ReleaserError('USAGE', `there is no builder "${name}" in ${loaded.file}`, { hint: didYouMean(name, known) })
}

function storeFolder(dir: string, { store = '.releaser' }: Written): string {
  return store.startsWith('~/') ? join(homedir(), store.slice(2)) : resolve(dir, store)
}
