import { type AppEnv, envNameProblem, envValueProblem } from '../model/app-env.ts'
import { ReleaserError } from '../model/errors.ts'
import { soundsSecret } from '../model/sounds-secret.ts'
import type { Host, Target } from '../model/target.ts'
import { parseEnvFile } from './env-file.ts'
import { localFile, readLocal } from './local-file.ts'
import { secretsOf } from './secrets.ts'

type Values = Readonly<Record<string, string>>

/**
 * Reads what the hosts of a target have in common, once, and gives each of them its environment. Later ones win: `envFile`, `env`,
 * `secrets`, the host's own `env`. `dir` is the folder of the configuration. `conceal` hears of each secret as soon as it is known.
 * Fails with CONFIG, naming the target and what is wrong and no value; INTERRUPTED when aborted.
 */
export async function appEnv(options: {
  readonly target: Pick<Target, 'name' | 'envFile' | 'env' | 'secrets'>
  readonly dir: string
  readonly signal?: AbortSignal | undefined
  readonly conceal?: (values: readonly string[]) => void
}): Promise<(host: Pick<Host, 'name' | 'env'>) => AppEnv> {
  const { target, dir, signal, conceal = () => {} } = options
  const fromFile = await envFileOf(target, dir, signal)
  const written = checked(target.env ?? {}, (name) => `targets.${target.name}.env.${name}`)
  const sounding = Object.entries({ ...fromFile, ...written }).flatMap(([name, value]) =>
    soundsSecret(name, value) ? [value] : [],
  )
  conceal(sounding)
  const secrets = await secretsOf(target, dir, signal, conceal)
  return ({ name: host, env }) => {
    const values = {
      ...fromFile,
      ...written,
      ...secrets,
      ...checked(env, (name) => `targets.${target.name}.hosts: env.${name} of ${host}`),
    }
    const secret = Object.keys(values).filter((name) => name in secrets || soundsSecret(name, values[name] ?? ''))
    return { values, secret: secret.sort() }
  }
}

async function envFileOf(
  target: Pick<Target, 'name' | 'envFile'>,
  dir: string,
  signal: AbortSignal | undefined,
): Promise<Values> {
  if (target.envFile === undefined) return {}
  const file = localFile(dir, target.envFile)
  const read = await readLocal(file, signal)
  if (signal?.aborted)
    throw new ReleaserError('INTERRUPTED', 'stopped while reading the environment', { hint: 'nothing was changed' })
  if ('text' in read) return Object.fromEntries(parseEnvFile(read.text, file))
  throw new ReleaserError('CONFIG', `targets.${target.name}.envFile ${read.says}`, {
    hint: 'put it there, or mend the path: it is relative to the configuration, or starts with ~/',
  })
}

function checked(values: Values, path: (name: string) => string): Values {
  for (const [name, value] of Object.entries(values)) {
    const says = envNameProblem(name) ?? envValueProblem(name, value)
    if (says !== undefined) throw new ReleaserError('CONFIG', `${path(name)} ${says}`, { hint: 'mend it in the configuration' })
  }
  return values
}
