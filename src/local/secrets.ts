import { envNameProblem, envValueProblem } from '../model/app-env.ts'
import { ReleaserError } from '../model/errors.ts'
import { redact } from '../model/redact.ts'
import type { Target } from '../model/target.ts'
import { outputOf, whyNothing } from './command-output.ts'
import type { Problem } from './config-problem.ts'
import { decode, localFile, readLocal } from './local-file.ts'

type Secret = NonNullable<Target['secrets']>[string]
type Found = { readonly text: string } | Omit<Problem, 'path'>

const COMMAND_SECONDS = 60

/**
 * The secrets of a target, each asked for once: variables of our own environment, files, and commands, which run by `sh` in `dir` with
 * 60 s each. A newline at the end of a file or an output is left out. What is missing or empty fails with CONFIG; everything that is
 * wrong is told at once, except that the first command that fails is the last one that runs. `conceal` hears of each value as soon as
 * it is known. INTERRUPTED when aborted.
 */
export async function secretsOf(
  target: Pick<Target, 'name' | 'secrets'>,
  dir: string,
  signal: AbortSignal | undefined,
  conceal: (values: readonly string[]) => void = () => {},
): Promise<Readonly<Record<string, string>>> {
  // A command may take long, or unlock something by hand: first what can be told without it, then one after the other.
  const secrets = Object.entries(target.secrets ?? {}).sort(([, a], [, b]) => Number('command' in a) - Number('command' in b))
  const values = new Map<string, string>()
  const problems: Problem[] = []
  for (const [name, secret] of secrets) {
    if ('command' in secret && problems.length > 0) break
    const found = await find(secret, dir, signal)
    if (signal?.aborted)
      throw new ReleaserError('INTERRUPTED', 'stopped while looking for secrets', { hint: 'nothing was changed' })
    const value = 'text' in found ? found.text : ''
    conceal([value])
    const problem = 'says' in found ? found : wrong(name, value)
    if (problem) problems.push({ path: `targets.${target.name}.secrets.${name}`, ...problem })
    else values.set(name, value)
  }
  if (problems.length > 0) throw secretsError(target.name, problems)
  return Object.fromEntries(values)
}

/** Those secrets of some targets that can be had without a word to anybody: what a build or a hook here prints may hold them. */
export async function secretsAtHand(
  targets: readonly Pick<Target, 'secrets'>[],
  dir: string,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const cheap = targets.flatMap(({ secrets = {} }) => Object.values(secrets)).filter((secret) => !('command' in secret))
  const found = await Promise.all(cheap.map((secret) => find(secret, dir, signal)))
  return found.flatMap((one) => ('text' in one ? [one.text] : []))
}

function find(secret: Secret, dir: string, signal: AbortSignal | undefined): Promise<Found> {
  if ('env' in secret) return Promise.resolve(fromOurs(secret.env))
  return 'file' in secret ? fromFile(localFile(dir, secret.file), signal) : fromCommand(secret.command, dir, signal)
}

function fromOurs(name: string): Found {
  const text = process.env[name]
  return text === undefined
    ? {
        says: `names the variable ${name}, which is not set here`,
        hint: `set ${name} where releaser runs; in CI, hand it to the job`,
      }
    : { text }
}

async function fromFile(file: string, signal: AbortSignal | undefined): Promise<Found> {
  const read = await readLocal(file, signal)
  return 'text' in read ? { text: withoutNewline(read.text) } : { ...read, hint: 'put it there, or mend the path' }
}

async function fromCommand(command: string, dir: string, signal: AbortSignal | undefined): Promise<Found> {
  const output = await outputOf({ command, cwd: dir, seconds: COMMAND_SECONDS, signal })
  const text = decode(output.stdout)
  if (output.code === 0 && output.stopped === null) {
    return text === undefined
      ? { says: 'has a command whose output is not UTF-8', hint: 'let it write text, such as base64' }
      : { text: withoutNewline(text) }
  }
  // It may have written the secret to both of its streams before it failed.
  return whyNothing(output, {
    stderr: redact(output.stderr, [output.stdout.toString('utf8')]),
    cwd: dir,
    seconds: COMMAND_SECONDS,
  })
}

function withoutNewline(text: string): string {
  return text.replace(/\r?\n$/, '')
}

function wrong(name: string, value: string): Omit<Problem, 'path'> | undefined {
  // Of a secret that is not there, CI makes an empty variable.
  if (value === '') return { says: 'is empty', hint: 'give it a value; what may be empty belongs into env' }
  const says = envNameProblem(name) ?? envValueProblem(name, value)
  return says === undefined ? undefined : { says }
}

function secretsError(target: string, problems: readonly Problem[]): ReleaserError {
  const [first] = problems
  if (first && problems.length === 1) return new ReleaserError('CONFIG', `${first.path} ${first.says}`, { hint: first.hint })
  const list = problems.map(({ path, says }) => `\n  ${path} ${says}`)
  return new ReleaserError('CONFIG', `${problems.length} secrets of target ${target} cannot be had:${list.join('')}`, {
    hint: `set them where releaser runs, or mend targets.${target}.secrets`,
  })
}
