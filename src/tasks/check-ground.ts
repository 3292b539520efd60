import { ReleaserError } from '../model/errors.ts'
import type { Ground } from '../model/ground.ts'
import type { Facts } from '../model/plan.ts'
import { isSystemd } from '../model/service.ts'
import type { Target } from '../model/target.ts'
import { type Finding, findingOf, ok, warning } from './check-host.ts'

/** What there is to say of what a host stands on. */
export function groundFindings(ground: Ground, facts: Facts, target: Target): readonly Finding[] {
  return [
    ...shell(ground),
    agent(ground),
    ...flavours(ground),
    ...fileSystem(ground, facts),
    ...systemdBySudo(facts, target),
    ...allowed(ground, facts),
  ]
}

/** The lines of `sudo -n` in what the configuration runs on hosts, without any quoting or variable: what sudo can be asked about. */
export function sudoLines({ hooks, runner, health, migrate, backup, sanitize, commands }: Partial<Target>): readonly string[] {
  const texts = [hooks, runner, health, migrate, backup, sanitize, commands].flatMap(strings)
  const lines = texts.flatMap((text) =>
    [...text.matchAll(/\bsudo -n((?: [\w/.@=:+,-]+)+)/g)].map(([, words = '']) => words.trim()),
  )
  return [...new Set(lines)].filter((line) => !line.startsWith('-'))
}

function strings(value: unknown): readonly string[] {
  if (typeof value === 'string') return [value]
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(strings) : []
}

/** Our own words go through any shell unchanged; what somebody types or configures is run by `sh`. */
function shell({ shell, noise }: Ground): readonly Finding[] {
  const named = shell === null ? [] : [ok('shell', `${shell}; commands are run by its sh`)]
  const [first] = noise
  if (first === undefined) return named
  const message = `start-up files of the login shell print ${noise.length === 1 ? 'a line' : `${noise.length} lines`} where nobody reads: "${first}"`
  const file = FILES.find(([name]) => shell?.endsWith(name))?.[1] ?? 'its start-up files'
  return [
    ...named,
    warning('noise', message, `it does no harm here, but to scp and rsync: have ${file} print only where [ -t 1 ]`),
  ]
}

const FILES: readonly (readonly [string, string])[] = [
  ['/bash', '~/.bashrc'],
  ['/zsh', '~/.zshenv'],
  ['/fish', '~/.config/fish/config.fish'],
  ['csh', '~/.cshrc'],
]

const AGENTS = {
  same: 'our program lies there, of this version',
  other: 'our program lies there, of another version only: the next change brings this one',
  none: 'our program does not lie there yet: the first deploy brings it',
} as const

function agent({ agent }: Ground): Finding {
  return ok('agent', AGENTS[agent])
}

function flavours({ tools }: Ground): readonly Finding[] {
  if (tools.length === 0) return []
  return [ok('tools', tools.map(({ name, says }) => `${name}${flavour(says)}`).join(', '))]
}

/** Whose a tool is, from what it says of its version; nothing where that is not to be told. */
function flavour(says: string): string {
  if (/busybox/i.test(says)) return ' (busybox)'
  if (/toybox/i.test(says)) return ' (toybox)'
  if (/bsd|apple/i.test(says)) return ' (BSD)'
  return /GNU|coreutils|findutils|^gzip \d|Zstandard/i.test(says) ? ` (${/Zstandard/i.test(says) ? 'zstd' : 'GNU'})` : ''
}

/** By type: what it means that releases lie there. */
const FLEETING = /^(tmpfs|ramfs)$/
const SHARED = /^(nfs\d?|cifs|smb\w*|9p|ceph|glusterfs|fuse\.(sshfs|glusterfs|s3fs))$/
const WITHOUT_LINKS = /^(vfat|msdos|exfat|fuse\.exfat)$/

function fileSystem({ fs }: Ground, { root }: Facts): readonly Finding[] {
  if (fs === null) return []
  const { type, mount, options } = fs
  const place = `${root} lies on ${type}, mounted at ${mount}`
  const found = [
    ...(options.includes('ro') ? [readOnly(mount, root)] : []),
    ...(options.includes('noexec')
      ? [
          warning(
            'file-system',
            `${mount} is mounted noexec: programs of a release cannot be started there`,
            `as root: mount -o remount,exec ${mount}, and take noexec out of /etc/fstab; or give the target a path elsewhere`,
          ),
        ]
      : []),
    ...(FLEETING.test(type)
      ? [warning('file-system', `${place}: in memory, and gone after a reboot`, 'give the target a path on a disk')]
      : []),
    ...(SHARED.test(type)
      ? [
          warning(
            'file-system',
            `${place}: over the network, where locks and what is on disk may be late`,
            'give the target a path on a disk of the host; keep only shared data there',
          ),
        ]
      : []),
    ...(WITHOUT_LINKS.test(type)
      ? [broken('file-system', `${place}, which has no symbolic links`, 'give the target a path on another file system')]
      : []),
  ]
  const also = type === 'overlay' ? ': a container, with which it goes unless a volume is mounted there' : ''
  return found.length > 0 ? found : [ok('file-system', `${place}${also}`)]
}

function readOnly(mount: string, root: string): Finding {
  return broken(
    'file-system',
    `${mount} is mounted read-only, so nothing can be written in ${root}`,
    `as root: mount -o remount,rw ${mount}; where it was not meant, dmesg says why the kernel did that`,
  )
}

/** Where nothing but sudo lets a user have a unit, every deploy needs it. */
function systemdBySudo({ systemd, user }: Facts, { runner }: Target): readonly Finding[] {
  if (!isSystemd(runner) || !systemd || user.root || user.lingers) return []
  if (user.sudo) return [ok('sudo', `${user.name} may do all by sudo -n, which systemd is told by`)]
  return [
    broken(
      'sudo',
      `sudo -n lets ${user.name} do nothing, so systemd cannot be told to run the app`,
      `as root there: loginctl enable-linger ${user.name}`,
    ),
  ]
}

function allowed({ allowed }: Ground, { user }: Facts): readonly Finding[] {
  return allowed.map(({ words, ok: may, says }) => {
    if (may) return ok('sudo', `sudo -n ${words} is allowed`)
    const line = `${user.name} ALL=(root) NOPASSWD: /path/of/${words}`
    return broken(
      'sudo',
      `sudo -n ${words} does not work: ${whyNot(says)}`,
      `as root there: visudo -f /etc/sudoers.d/releaser, with: ${line}`,
    )
  })
}

function whyNot(says: string): string {
  if (/password is required|terminal is required/.test(says)) return 'sudo asks for a password'
  if (/not found/.test(says)) return 'there is no sudo, or no such program'
  return says.trim() === '' ? 'it is not allowed' : says.trim().slice(0, 120)
}

function broken(check: string, message: string, remedy: string): Finding {
  return findingOf(check, new ReleaserError('NOT_CHANGED', message, { hint: remedy }))
}
