import { ReleaserError } from '../../model/errors.ts'

/** What every Dockerfile may ask for by `ARG`, with the names that Deployer gave to two of them. */
export function imageArgs(
  name: string,
  given: Readonly<Record<string, string>>,
  env: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> {
  const odd = Object.keys(given).find((key) => !/^[A-Za-z_][A-Za-z0-9_]*$/.test(key) || CLIENTS_OWN.test(key))
  if (odd !== undefined) {
    const own = CLIENTS_OWN.test(odd)
    throw new ReleaserError(
      'CONFIG',
      `builders.${name}.args.${odd} ${own ? 'would change how the engine itself works' : 'is no name for an ARG'}`,
      { hint: own ? 'call it otherwise, here and in the Dockerfile; for the engine, set it in env' : 'letters, digits and _' },
    )
  }
  const own = Object.fromEntries(OWN.map((key) => [key, env[key] ?? '']))
  return { deployer_name: own['RELEASER_APP'] ?? '', deployer_ts: own['RELEASER_TS'] ?? '', ...given, ...own }
}

const OWN = ['RELEASER_APP', 'RELEASER_VERSION', 'RELEASER_TS', 'RELEASER_GIT_REV'] as const
const UNASKED: readonly string[] = [...OWN, 'deployer_name', 'deployer_ts']

/** The values travel in the environment of the engine, where these are words to itself. */
const CLIENTS_OWN =
  /^(?:PATH|HOME|USER|TMPDIR|NO_COLOR|RELEASER_BUILD|REGISTRY_AUTH_FILE|STORAGE_(?:DRIVER|OPTS)|DOCKER_(?:HOST|CONFIG|CONTEXT|TLS.*|CERT_PATH|API_VERSION|BUILDKIT|CLI_.*|DEFAULT_PLATFORM|AUTH_CONFIG|HIDE_LEGACY_COMMANDS)|BUILDKIT_(?:PROGRESS|COLORS|HOST)|BUILDX_.*|BUILDAH_.*|CONTAINERS?_.*|GO(?:DEBUG|GC|MAXPROCS|MEMLIMIT|TRACEBACK)|LD_.*|SSL_CERT_.*|XDG_.*)$/

/** Whether a line says no more than that some of our own args were not asked for, which is as it should be. */
export function isAboutUnaskedArgs(line: string): boolean {
  const names = /^\[Warning\] one or more build-?\s?args (?:were not consumed: )?\[([^\]]*)\]/i.exec(line)?.[1]
  return names?.split(' ').every((name) => UNASKED.includes(name)) ?? false
}
