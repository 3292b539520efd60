import type { Builder, HookName } from '../../model/config.ts'
import { ReleaserError } from '../../model/errors.ts'
import { isName, NAME_RULE } from '../../model/name.ts'
import type { GitState } from '../../model/release.ts'
import { builtVersion, checkStarted, startedVersion } from '../built-version.ts'
import type { SshBuilder } from '../config-builder.ts'
import { describedVersion } from '../git.ts'
import { runLocalHook } from '../hooks.ts'
import { artifactFolder } from './artifact.ts'
import { clean } from './clean.ts'
import { type BuildContext, type BuildShell, buildByCommand, buildFailure } from './command.ts'
import { buildByDocker } from './docker.ts'
import type { Made } from './made.ts'
import { buildByModule } from './module.ts'
import { sourceOf } from './source.ts'
import { commandVersion } from './version-command.ts'

/** What a build made, and where from. */
export interface Built {
  /** The folder to pack, absolute; it may lie in the scratch folder. */
  readonly dir: string
  /** Null where nobody named one. */
  readonly version: string | null
  /** Tags and further words of a module's. */
  readonly tags: readonly string[]
  readonly metadata: Readonly<Record<string, unknown>> | null
  /** The state of the sources when the build began. */
  readonly git: GitState | null
}

export interface BuildOptions {
  readonly name: string
  readonly builder: Builder
  readonly app: string
  /** The version that was asked for; it goes before all others. */
  readonly version?: string | undefined
  /** The revision that was asked for: it is built from a clean checkout. */
  readonly ref?: string | undefined
  /** The folder of the configuration. */
  readonly dir: string
  /** An empty folder, which is removed when what was built is packed. */
  readonly scratch: string
  /** For builders of type `ssh`: how to build on another machine, and the store, which never goes there. */
  readonly away?: { readonly build: BuildAway; readonly storeDir: string }
  readonly onOutput?: ((line: string) => void) | undefined
  readonly signal?: AbortSignal | undefined
}

/** This room knows no way to another machine. */
export type BuildAway = (name: string, builder: SshBuilder, context: BuildContext) => Promise<Made>

/** One for each type of builder. */
type Builders = {
  readonly [Type in Builder['type']]: (
    name: string,
    builder: Extract<Builder, { type: Type }>,
    context: BuildContext,
  ) => Promise<Made>
}

/**
 * Makes a build: the sources, `clean`, `pre-build`, the builder, `post-build`. Its version is the one asked for, the builder's,
 * that of what was built, that of the sources, or that of the nearest tag. Fails with BUILD, or INTERRUPTED when aborted.
 */
export async function runBuild(options: BuildOptions): Promise<Built> {
  const { name, builder, app, scratch, onOutput, signal } = options
  const { dir, git } = await sourceOf({ ...options, storeDir: options.away?.storeDir })
  const env = {
    ...builder.env,
    RELEASER_APP: app,
    RELEASER_VERSION: '',
    RELEASER_TS: new Date().toISOString().replace(/[-:T]|\..*$/g, ''),
    RELEASER_GIT_REV: git?.rev ?? '',
  }
  // On a build host it is cleaned there.
  if (builder.type !== 'ssh') await clean(dir, builder.clean ?? [])
  const plain = { dir, env, scratch, onOutput, signal }
  const early = options.version ?? (await earlyVersion(builder, plain)) ?? null
  const context: BuildContext = { ...plain, env: { ...env, RELEASER_VERSION: early ?? '' }, app, version: early, git }
  await runBuildHook('pre-build', options, context, { app, builder: name, version: early, git })
  const made = await make({ ...HERE, ssh: options.away?.build ?? nowhere }, name, builder, context)
  const { strip, absoluteLinks = [] } = builder
  const output = await artifactFolder(made, { name, app, strip, absoluteLinks, scratch })
  const version =
    options.version ??
    (await lateVersion(builder, context)) ??
    made.version ??
    (await builtVersion([output, dir])) ??
    (git && (await described(options.dir, git.rev)))
  if (version !== null) checkStarted(await startedVersion(output), version)
  await runBuildHook('post-build', options, context, { app, builder: name, version, git, output })
  return { dir: output, version, tags: made.tags ?? [], metadata: made.metadata ?? null, git }
}

const HERE: Omit<Builders, 'ssh'> = { command: buildByCommand, module: buildByModule, docker: buildByDocker }

function make<Type extends Builder['type']>(
  builders: Builders,
  name: string,
  builder: Extract<Builder, { type: Type }>,
  context: BuildContext,
): Promise<Made> {
  return builders[builder.type as Type](name, builder, context)
}

/** For `RELEASER_VERSION`: a command that can only answer after the build says nothing yet. */
async function earlyVersion({ version }: Builder, shell: BuildShell): Promise<string | undefined> {
  if (typeof version !== 'object') return version
  const answer = await commandVersion(version.command, shell)
  return 'version' in answer && isName(answer.version) ? answer.version : undefined
}

async function lateVersion({ version }: Builder, shell: BuildShell): Promise<string | undefined> {
  if (typeof version !== 'object') return version
  const answer = await commandVersion(version.command, shell)
  if ('ended' in answer) {
    const { ended } = answer
    if (ended.code !== 0) throw buildFailure('the version command', ended)
    throw new ReleaserError('BUILD', 'the version command printed nothing', { hint: `check it by hand: ${version.command}` })
  }
  if (isName(answer.version)) return answer.version
  throw new ReleaserError('BUILD', `the version command printed "${answer.version}", which is no version`, { hint: NAME_RULE })
}

async function described(dir: string, rev: string): Promise<string | null> {
  const version = await describedVersion(dir, rev)
  return version !== null && isName(version) ? version : null
}

async function runBuildHook(
  name: HookName,
  { builder, onOutput, signal }: BuildOptions,
  shell: BuildShell,
  data: object,
): Promise<void> {
  const hook = builder.hooks?.[name]
  if (hook === undefined) return
  const result = await runLocalHook({
    name,
    hook,
    env: shell.env,
    stdin: { hook: name, ...data },
    cwd: shell.dir,
    onOutput,
    signal,
  })
  if (!result.ok) throw buildFailure(`the hook ${name}`, result)
}

async function nowhere(name: string): Promise<never> {
  throw new TypeError(`nobody said how builder ${name} reaches its host`)
}
