import { existsSync } from 'node:fs'
import { mkdir, readFile, stat } from 'node:fs/promises'
import { join, posix, resolve } from 'node:path'
import { ReleaserError } from '../../model/errors.ts'
import { runProcess } from '../process.ts'
import { type BuildShell, buildFailure } from './command.ts'
import { DIALECTS, type DockerBuilder, type ImageWanted } from './engine.ts'
import { ask, type Engine, findEngine } from './engine-find.ts'
import { buildMark, clearDead, clearOwn } from './engine-leftovers.ts'
import { imageArgs, isAboutUnaskedArgs } from './image-args.ts'
import { followSteps, remedyFor } from './image-failure.ts'
import type { Made } from './made.ts'
import { MARK_VARIABLE } from './orphans.ts'
import { takeOut } from './take-out.ts'

/**
 * Builds a Dockerfile and takes the artifact out of the image: a folder or a file inside `scratch`. No container and no named image
 * is left, however it ends; what killed builds have left is cleared first. Fails with BUILD, INTERRUPTED, or CONFIG for bad args.
 */
export async function buildByDocker(name: string, builder: DockerBuilder, shell: BuildShell): Promise<Made> {
  const { dir, scratch, signal } = shell
  const artifact = posix.normalize(`/${builder.artifact}`).replace(/(?<=.)\/$/, '')
  if (artifact === '/') {
    throw new ReleaserError('CONFIG', `builders.${name}.artifact is the whole image`, {
      hint: 'let the Dockerfile put what is to be released into a folder, and name that',
    })
  }
  const args = imageArgs(name, builder.args ?? {}, shell.env)
  const files = await sources(name, builder, dir)
  const mark = buildMark()
  const temporary = join(scratch, 'engine')
  await mkdir(temporary)
  const env = {
    ...process.env,
    TMPDIR: temporary,
    ...shell.env,
    ...args,
    // Lines that come one after the other, whatever the terminal or the environment would prefer.
    BUILDKIT_PROGRESS: 'plain',
    [MARK_VARIABLE]: mark,
  }
  const engine = await findEngine(name, builder, { cwd: dir, env }, signal)
  await clearDead(engine)
  await warnOfStore(files.context, shell)
  try {
    const image = await buildImage(name, engine, { mark, ...files, platform: builder.platform, args: Object.keys(args) }, shell)
    const container = await createContainer(engine, image, mark, builder.platform, signal)
    const taken = await takeOut(engine, { container, path: artifact }, join(scratch, 'taken-out'), signal)
    if (signal?.aborted) throw buildFailure('', { code: null, stopped: 'abort', lines: [] })
    const hint = `let the last stage of the Dockerfile put it there, or mend builders.${name}.artifact`
    if ('path' in taken) return { path: taken.path, written: artifact, hint }
    throw new ReleaserError('BUILD', `builder "${name}" made an image, but not its artifact ${artifact}: ${taken.problem}`, {
      hint,
    })
  } finally {
    await clearOwn(engine, mark)
  }
}

interface Sources {
  readonly dockerfile: string
  readonly context: string
}

/** Both absolute. The Dockerfile is named from the folder of the sources, or lies in the context under its usual name. */
async function sources(name: string, builder: DockerBuilder, dir: string): Promise<Sources> {
  const context = resolve(dir, builder.context ?? '.')
  const dockerfile = builder.dockerfile === undefined ? join(context, 'Dockerfile') : resolve(dir, builder.dockerfile)
  const [folder, file] = await Promise.all([context, dockerfile].map((path) => stat(path).catch(() => undefined)))
  if (!folder?.isDirectory()) {
    throw new ReleaserError('BUILD', `builder "${name}" has no context: there is no folder ${context}`, {
      hint: `mend builders.${name}.context`,
    })
  }
  if (!file?.isFile()) {
    throw new ReleaserError('BUILD', `builder "${name}" has no Dockerfile: there is no file ${dockerfile}`, {
      hint: `write one, or name it: builders.${name}.dockerfile`,
    })
  }
  return { context, dockerfile }
}

/** The image's id. */
async function buildImage(
  name: string,
  engine: Engine,
  wanted: Omit<ImageWanted, 'idFile'>,
  { scratch, onOutput, signal }: BuildShell,
): Promise<string> {
  const dialect = DIALECTS[engine.kind]
  const idFile = join(scratch, 'image-id')
  const steps = followSteps()
  const ended = await runProcess({
    argv: [engine.kind, ...dialect.build({ ...wanted, idFile })],
    cwd: engine.cwd,
    env: engine.env,
    signal,
    stopBy: dialect.stop,
    onLine: (line) => {
      steps.take(line)
      if (!isAboutUnaskedArgs(line)) onOutput?.(line)
    },
  })
  const id = await readFile(idFile, 'utf8').catch(() => '')
  if (ended.code === 0 && id !== '') return id.trim()
  if (ended.code === 0 && ended.stopped === null) {
    throw new ReleaserError(
      'BUILD',
      `${engine.kind} built builder "${name}"'s image, and kept it where no container can be made of it`,
      {
        hint: "its current buildx builder does not load what it builds: set env: { BUILDX_BUILDER: 'default' } in the builder",
      },
    )
  }
  const at = steps.failed()
  const { code, message } = buildFailure(`${engine.kind}, for builder "${name}"${at === null ? '' : `, at ${at},`}`, ended)
  const stopped = code === 'INTERRUPTED'
  throw new ReleaserError(code, message, { hint: stopped ? 'nothing was stored; run it again' : remedyFor(ended.lines) })
}

/** Its id. An engine may want to be told the image's platform again, or may have given the image another one than it was asked for. */
async function createContainer(
  engine: Engine,
  image: string,
  mark: string,
  platform: string | undefined,
  signal: AbortSignal | undefined,
): Promise<string> {
  const { create } = DIALECTS[engine.kind]
  let created = await ask(engine, create(image, mark, undefined), signal)
  if (created.code !== 0 && platform !== undefined) created = await ask(engine, create(image, mark, platform), signal)
  const id = created.said.at(-1)
  if (created.code === 0 && id !== undefined) return id
  throw buildFailure(`${engine.kind}, asked for a container of the image,`, created)
}

/** Engines get all of the context but what `.dockerignore` names: releases, too, and with them every build would begin anew. */
async function warnOfStore(context: string, { onOutput }: BuildShell): Promise<void> {
  if (!existsSync(join(context, '.releaser'))) return
  const ignored = await readFile(join(context, '.dockerignore'), 'utf8').catch(() => '')
  if (/^\/?(?:\*\*\/)?(?:\.releaser|\*|\.\*)\/?\s*$/m.test(ignored)) return
  onOutput?.('warning: the store of releases is part of what the engine gets: add a line .releaser to .dockerignore')
}
