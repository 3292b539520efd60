import { resolve } from 'node:path'
import type { Builder } from '../../model/config.ts'
import { ReleaserError } from '../../model/errors.ts'
import type { GitState } from '../../model/release.ts'
import { howItEnded } from '../hooks.ts'
import { type Ended, runProcess } from '../process.ts'
import type { Made } from './made.ts'

export type CommandBuilder = Extract<Builder, { readonly type: 'command' }>

/** What a command of a build runs with. */
export interface BuildShell {
  /** The sources: the folder of the configuration, or what that is in a clean checkout. */
  readonly dir: string
  readonly env: Readonly<Record<string, string>>
  /** An empty folder, for what a builder needs on its way. */
  readonly scratch: string
  readonly onOutput?: ((line: string) => void) | undefined
  readonly signal?: AbortSignal | undefined
}

/** What is known when a builder begins. */
export interface BuildContext extends BuildShell {
  readonly app: string
  /** As far as it is known before the build. */
  readonly version: string | null
  readonly git: GitState | null
}

/** Runs the builder's command by `sh`. Fails with BUILD, or INTERRUPTED. */
export async function buildByCommand(name: string, builder: CommandBuilder, shell: BuildShell): Promise<Made> {
  const ended = await runProcess({
    argv: ['sh', '-c', builder.run, `build ${name}`],
    cwd: shell.dir,
    env: { ...process.env, ...shell.env },
    signal: shell.signal,
    onLine: (line) => shell.onOutput?.(line),
  })
  if (ended.code !== 0) throw buildFailure(`the command of builder "${name}"`, ended)
  const hint = `let its command write there, or mend builders.${name}.output`
  return { path: resolve(shell.dir, builder.output), written: builder.output, hint }
}

/** What stopped a build, with the last lines it wrote. */
export function buildFailure(what: string, ended: Ended): ReleaserError {
  if (ended.stopped === 'abort') {
    return new ReleaserError('INTERRUPTED', 'the build was interrupted', { hint: 'nothing was stored; run it again' })
  }
  const last = ended.lines.map((line) => `\n  ${line}`).join('')
  return new ReleaserError('BUILD', `${what} ${howItEnded(ended)}${last === '' ? '' : `:${last}`}`, {
    hint: 'nothing was stored; mend it and build again',
  })
}
