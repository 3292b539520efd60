import { ReleaserError } from '../../model/errors.ts'
import { type Ended, runProcess } from '../process.ts'
import { DIALECTS, type DockerBuilder, type EngineKind, type Words } from './engine.ts'

/** Where engines are run: their environment may name a daemon, a configuration, a way to build. */
export interface EnginePlace {
  readonly cwd: string
  readonly env: Readonly<Record<string, string | undefined>>
}

/** A container engine that answers. */
export interface Engine extends EnginePlace {
  readonly kind: EngineKind
  /** The folder with what podman and buildah know of their working containers; null for docker, whose daemon knows. */
  readonly containers: string | null
}

const SECONDS = 60

/** How a short command of an engine ended, and what it printed on stdout: lines that are not empty. */
export async function ask(
  { kind, cwd, env }: EnginePlace & { readonly kind: EngineKind },
  words: Words,
  signal?: AbortSignal | undefined,
): Promise<Ended & { readonly said: readonly string[] }> {
  const said: string[] = []
  const ended = await runProcess({
    argv: [kind, ...words],
    cwd,
    env,
    seconds: SECONDS,
    signal,
    onLine: (line, stream) => {
      if (stream === 'stdout' && line !== '') said.push(line)
    },
  })
  return { ...ended, said }
}

/** The engine that the builder names, else the first that answers. Fails with BUILD, and says of each what is wrong with it. */
export async function findEngine(
  name: string,
  { engine }: DockerBuilder,
  place: EnginePlace,
  signal: AbortSignal | undefined,
): Promise<Engine> {
  const kinds = engine === undefined ? (Object.keys(DIALECTS) as EngineKind[]) : [engine]
  const problems: string[] = []
  for (const kind of kinds) {
    const answer = await ask({ ...place, kind }, DIALECTS[kind].answers, signal)
    const [first] = answer.said
    if (answer.stopped === 'abort') break
    if (answer.code === 0 && first !== undefined) return { ...place, kind, containers: kind === 'docker' ? null : first }
    problems.push(`${kind} ${problemOf(answer)}`)
  }
  if (signal?.aborted)
    throw new ReleaserError('INTERRUPTED', 'the build was interrupted', { hint: 'nothing was stored; run it again' })
  const some = problems.find((problem) => !problem.endsWith(MISSING))
  throw new ReleaserError('BUILD', `builder "${name}" needs a container engine: ${problems.join('; ')}`, {
    hint: some
      ? `see that it runs, and that you may use it: ${some.split(' ')[0]} info`
      : engine === undefined
        ? 'install docker, podman or buildah'
        : `install ${engine}, or leave out builders.${name}.engine to take docker, podman or buildah, whichever is there`,
  })
}

const MISSING = 'is not installed'

function problemOf({ lines, stopped }: Ended): string {
  const last = lines.at(-1) ?? 'it said nothing'
  if (/^spawn .* ENOENT$/.test(last)) return MISSING
  return `does not answer: ${stopped === 'timeout' ? `nothing came within ${SECONDS} s` : last}`
}
