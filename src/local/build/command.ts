import { readdir, stat } from 'node:fs/promises'
import { resolve } from 'node:path'
import type { Builder } from '../../model/config.ts'
import { ReleaserError } from '../../model/errors.ts'
import { howItEnded } from '../hooks.ts'
import { type Ended, runProcess } from '../process.ts'

export type CommandBuilder = Extract<Builder, { readonly type: 'command' }>

/** What a command of a build runs with. */
export interface BuildShell {
  /** The folder of the configuration. */
  readonly dir: string
  readonly env: Readonly<Record<string, string>>
  /** An empty folder, for what a builder needs on its way. */
  readonly scratch: string
  readonly onOutput?: ((line: string) => void) | undefined
  readonly signal?: AbortSignal | undefined
}

/** Runs the builder's command by `sh` and returns the folder it made, absolute. Fails with BUILD, or INTERRUPTED. */
export async function buildByCommand(name: string, builder: CommandBuilder, shell: BuildShell): Promise<string> {
  const ended = await runProcess({
    argv: ['sh', '-c', builder.run, `build ${name}`],
    cwd: shell.dir,
    env: { ...process.env, ...shell.env },
    signal: shell.signal,
    onLine: (line) => shell.onOutput?.(line),
  })
  if (ended.code !== 0) throw buildFailure(`the command of builder "${name}"`, ended)
  const output = resolve(shell.dir, builder.output)
  await checkOutput(name, builder.output, output)
  return output
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

async function checkOutput(name: string, written: string, output: string): Promise<void> {
  const found = await stat(output).catch(() => undefined)
  const problem = !found
    ? 'does not exist'
    : !found.isDirectory()
      ? 'is not a folder'
      : (await readdir(output)).length === 0
        ? 'is empty'
        : undefined
  if (problem === undefined) return
  throw new ReleaserError('BUILD', `builder "${name}" ended well, but its output ${written} ${problem}`, {
    hint: `let its command write there, or mend builders.${name}.output`,
  })
}
