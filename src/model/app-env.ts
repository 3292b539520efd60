import { passwordsIn } from './sounds-secret.ts'

/** What the app finds in its environment on one host. */
export interface AppEnv {
  readonly values: Readonly<Record<string, string>>
  /** The names of those values that are shown nowhere. */
  readonly secret: readonly string[]
}

/** The values of an environment that are shown nowhere, and the passwords in what is shown otherwise. */
export function secretValues({ values, secret }: AppEnv): readonly string[] {
  return [...secret.flatMap((name) => values[name] ?? []), ...Object.values(values).flatMap(passwordsIn)]
}

/** Why a variable cannot be called so; undefined where it can. */
export function envNameProblem(name: string): string | undefined {
  if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) return 'is not a name for an environment variable'
  if (name.startsWith('RELEASER_')) return 'is set by releaser itself'
  if (SHELLS_OWN.has(name)) return 'is a variable that shells keep for themselves, so that no app would get it'
  return undefined
}

/**
 * Why a variable cannot hold this; undefined where it can. Any control character but NUL can be held. What a file or a process
 * would change on the way is refused: halves of a UTF-16 pair, and code points that are no characters, for which systemd
 * ignores the whole file.
 */
export function envValueProblem(name: string, value: string): string | undefined {
  if (value.includes('\0')) return 'holds a NUL byte'
  if (/[\p{Surrogate}\p{Noncharacter_Code_Point}]/u.test(value)) return 'holds what is no character of Unicode'
  const bytes = new TextEncoder().encode(`${name}=${value}`).length
  return bytes > LONGEST
    ? `takes ${bytes} bytes with its name, and no process can be started with more than ${LONGEST}`
    : undefined
}

/**
 * The text of `shared/env`, which a POSIX shell (`set -a; . shared/env`) and systemd (`EnvironmentFile=`) read alike, and our own
 * parser of `envFile` too. The same values make the same bytes, so that the file's sha256 tells whether they have changed.
 *
 * Double quotes with a backslash before each of `" \ $` and the backquote are the one form that all agree upon: an older systemd
 * knows escapes in single quotes, and none joins quoted parts as `'\''` needs it. No `export`: systemd takes it for a name.
 */
export function encodeSharedEnv(values: Readonly<Record<string, string>>): string {
  const assignments = Object.entries(values)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => `${name}="${value.replace(/["\\$`]/g, '\\$&')}"\n`)
  return HEADER + assignments.join('')
}

/** Part of the hash: to change a word here is to restart every app once. No backslash, which systemd obeys in comments too. */
const HEADER = `# releaser writes this file at each deploy: what is changed here is lost.
# To change a value, change env, envFile or secrets in the configuration of releaser, and deploy.
`

/** What Linux takes for one variable is 128 KiB, with the NUL at its end. */
const LONGEST = 131_071

/**
 * Read-only, unset on assignment or always set anew in bash or mksh; to assign to UID, PPID and their like ends a bash that is
 * `sh`. IFS would change how the shell reads on, and PWD and OLDPWD change with each `cd`.
 */
const SHELLS_OWN: ReadonlySet<string> = new Set([
  ...['_', 'BASHOPTS', 'BASHPID', 'BASH_ALIASES', 'BASH_ARGC', 'BASH_ARGV', 'BASH_ARGV0', 'BASH_CMDS', 'BASH_LINENO'],
  ...['BASH_SOURCE', 'BASH_SUBSHELL', 'BASH_VERSINFO', 'COMP_WORDBREAKS', 'DIRSTACK', 'EPOCHREALTIME', 'EPOCHSECONDS', 'EUID'],
  ...['FUNCNAME', 'GROUPS', 'HISTCMD', 'IFS', 'KSHEGID', 'KSHGID', 'KSHUID', 'KSH_VERSION', 'LINENO', 'OLDPWD', 'OPTIND', 'PGRP'],
  ...['PIPESTATUS', 'PPID', 'PWD', 'RANDOM', 'SECONDS', 'SHELLOPTS', 'SHLVL', 'SRANDOM', 'UID', 'USER_ID'],
])
