import type { Builder, HookName } from '../../model/config.ts'
import { ReleaserError } from '../../model/errors.ts'
import { isName, NAME_RULE } from '../../model/name.ts'
import type { GitState } from '../../model/release.ts'
import { gitState } from '../git.ts'
import { runLocalHook } from '../hooks.ts'
import { clean } from './clean.ts'
import { type BuildShell, buildByCommand, buildFailure } from './command.ts'
import { buildByDocker } from './docker.ts'
import { commandVersion, packageVersion } from './version.ts'

/** What a build made, and where from. */
export interface Built {
  /** The folder to pack, absolute. */
  readonly dir: string
  /** Null where nobody named one. */
  readonly version: string | null
  /** The state of the working tree when the build began. */
  readonly git: GitState | null
}

export interface BuildOptions {
  readonly name: string
  readonly builder: Builder
  readonly app: string
  /** The version that was asked for; it goes before all others. */
  readonly version?: string | undefined
  /** The folder of the configuration, where everything runs. */
  readonly dir: string
  /** An empty folder, which is removed when what was built is packed. */
  readonly scratch: string
  readonly onOutput?: ((line: string) => void) | undefined
  readonly signal?: AbortSignal | undefined
}

/**
 * Makes a build: `clean`, `pre-build`, the builder, `post-build`. Its version is the one asked for, the builder's, or that of the
 * `package.json` in what was built or in the configuration's folder. Fails with BUILD, or INTERRUPTED when aborted.
 */
export async function runBuild(options: BuildOptions): Promise<Built> {
  const { name, builder, app, dir, onOutput, signal } = options
  if (builder.type !== 'command' && builder.type !== 'docker') throw unsupported(name, builder)
  const git = await gitState(dir)
  const env = {
    ...builder.env,
    RELEASER_APP: app,
    RELEASER_VERSION: '',
    RELEASER_TS: new Date().toISOString().replace(/[-:T]|\..*$/g, ''),
    RELEASER_GIT_REV: git?.rev ?? '',
  }
  await clean(dir, builder.clean ?? [])
  const early = options.version ?? (await earlyVersion(builder, { dir, env, scratch: options.scratch, signal }))
  const shell: BuildShell = { dir, env: { ...env, RELEASER_VERSION: early ?? '' }, scratch: options.scratch, onOutput, signal }
  await runBuildHook('pre-build', options, shell, { app, builder: name, version: early ?? null, git })
  const output =
    builder.type === 'docker' ? (await buildByDocker(name, builder, shell)).path : await buildByCommand(name, builder, shell)
  const version = options.version ?? (await lateVersion(builder, shell)) ?? (await packageVersion([output, dir]))
  await runBuildHook('post-build', options, shell, { app, builder: name, version, git, output })
  return { dir: output, version, git }
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

function unsupported(name: string, { type }: Builder): ReleaserError {
  return new ReleaserError('CONFIG', `builders.${name}.type '${type}' is not supported by this version of releaser`, {
    hint: "write 'command'",
  })
}
