import { readFile, stat } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import type { Builder } from '../../model/config.ts'
import { ReleaserError } from '../../model/errors.ts'
import { isName, NAME_RULE } from '../../model/name.ts'
import { OWN_MODULE, template } from '../own-files.ts'
import { runProcess } from '../process.ts'
import { type BuildContext, buildFailure } from './command.ts'
import type { Made } from './made.ts'

export type ModuleBuilder = Extract<Builder, { readonly type: 'module' }>

const HOST = template('build/module-host.mjs')
/** Of what a module may say beside its path: it goes into the store's database. */
const MOST_METADATA = 65_536

/**
 * Calls the default export of a module, in a process of its own: what it prints is output of the build, and it can be ended with
 * all that it started. It gets `{ app, version, dir, scratch, env, git }` and returns `{ path, version?, tags?, metadata? }`.
 */
export async function buildByModule(name: string, builder: ModuleBuilder, context: BuildContext): Promise<Made> {
  const { app, version, dir, scratch, env, git, signal, onOutput } = context
  const file = resolve(dir, builder.module)
  if (!(await stat(file).catch(() => undefined))?.isFile())
    throw new ReleaserError('BUILD', `there is no module ${builder.module} in ${dir}`, { hint: `mend builders.${name}.module` })
  const answer = join(scratch, 'module.json')
  const job = {
    module: file,
    answer,
    jiti: import.meta.resolve('jiti'),
    releaser: OWN_MODULE,
    context: { app, version, dir, scratch, env, git },
  }
  const ended = await runProcess({
    argv: [process.execPath, HOST],
    cwd: dir,
    env: { ...process.env, ...env },
    stdin: JSON.stringify(job),
    signal,
    onLine: (line) => onOutput?.(line),
  })
  if (ended.code !== 0) throw buildFailure(`the module ${builder.module}`, ended)
  const said: unknown = await readFile(answer, 'utf8').then(JSON.parse, () => undefined)
  const rest = understood(said, `the module ${builder.module}`)
  const written = pathOf(said)
  return { ...rest, path: resolve(dir, written), written, hint: `let ${builder.module} return the path of what it made` }
}

function understood(said: unknown, who: string): Omit<Made, 'path' | 'written' | 'hint'> {
  const wrong = (what: string, hint: string) => new ReleaserError('BUILD', `${who} returned ${what}`, { hint })
  if (!isRecord(said) || typeof said['path'] !== 'string' || said['path'] === '')
    throw wrong('no path', "let it return { path: 'dist' }, and version, tags, metadata if it likes")
  const { version, tags = [], metadata } = said
  if (version !== undefined && !(typeof version === 'string' && isName(version)))
    throw wrong(`the version ${JSON.stringify(version)}, which is none`, NAME_RULE)
  if (!Array.isArray(tags) || !tags.every((tag): tag is string => typeof tag === 'string' && isName(tag)))
    throw wrong(`tags that are none: ${JSON.stringify(tags)}`, NAME_RULE)
  if (metadata !== undefined && (!isRecord(metadata) || JSON.stringify(metadata).length > MOST_METADATA))
    throw wrong('metadata that cannot be kept', `let it be an object, of ${MOST_METADATA} characters at most as JSON`)
  return { tags, ...(version !== undefined && { version }), ...(isRecord(metadata) && { metadata }) }
}

function pathOf(said: unknown): string {
  return isRecord(said) ? String(said['path']) : ''
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
