import { readFile } from 'node:fs/promises'
import { ReleaserError } from '../model/errors.ts'
import type { HostKeyQuestion } from '../model/question.ts'
import { fingerprint, type HostKey, hostKey, type KnownLine, knownName, namesMatch, parseKnownHosts } from './known-hosts.ts'
import { quote } from './shell.ts'

/** What says which keys a host may show: known_hosts files, and pins of the config, which stand above them. */
export interface Trust {
  readonly host: string
  readonly port: number
  /** HostKeyAlias: the name to look up instead, without a port. */
  readonly alias: string | undefined
  /** In the order they are read; the first is the one a hint writes to. */
  readonly files: readonly string[]
  /** `SHA256:…` fingerprints; empty: known_hosts decides. */
  readonly pins: readonly string[]
  /** What to type so that an unknown key is shown and recorded; left out where no command of ours does that. */
  readonly command?: string | undefined
}

/** What is known about a host before it shows its key. */
export interface Known {
  /** Lines for its name (and port). */
  readonly lines: readonly KnownLine[]
  /** Lines for its name alone, where its port is not 22: they can vouch for a key, as in OpenSSH. */
  readonly portless: readonly KnownLine[]
}

export type Verdict =
  | { readonly kind: 'known' }
  | { readonly kind: 'unknown' }
  | { readonly kind: 'changed'; readonly by: KnownLine }
  | { readonly kind: 'other-type'; readonly by: KnownLine }
  | { readonly kind: 'revoked'; readonly by: KnownLine }

/** Reads what known_hosts says about a host. Files that are not there say nothing; one that cannot be read is HOST_KEY. */
export async function readKnown(trust: Trust): Promise<Known> {
  const lines = (await Promise.all(trust.files.map(readLines))).flat()
  const name = trust.alias ?? knownName(trust.host, trust.port)
  const about = (wanted: string): readonly KnownLine[] => lines.filter((line) => namesMatch(line.names, wanted))
  return { lines: about(name), portless: trust.alias === undefined && trust.port !== 22 ? about(trust.host) : [] }
}

/** Decides about the key that a host shows. Everything but `known` must end the connection. */
export function judge(known: Known, shown: HostKey): Verdict {
  const same = (line: KnownLine): boolean => line.key.blob.equals(shown.blob)
  const plain = known.lines.filter((line) => line.marker === 'none')
  const revoked = [...known.lines, ...known.portless].find((line) => line.marker === 'revoked' && same(line))
  if (revoked) return { kind: 'revoked', by: revoked }
  if (plain.some(same)) return { kind: 'known' }
  const changed = plain.find((line) => line.key.type === shown.type)
  if (changed) return { kind: 'changed', by: changed }
  const other = plain[0]
  if (other) return { kind: 'other-type', by: other }
  if (known.portless.some((line) => line.marker === 'none' && same(line))) return { kind: 'known' }
  return { kind: 'unknown' }
}

/** The host key algorithms to ask for: those of keys we know come first, so that a host shows one of them if it can. */
export function algorithms(known: Known): readonly string[] {
  const types = new Set([...known.lines, ...known.portless].filter((line) => line.marker === 'none').map((line) => line.key.type))
  const first = TYPES.filter((type) => types.has(type))
  return [...first, ...TYPES.filter((type) => !types.has(type))].flatMap((type) => ALGORITHMS[type])
}

/** Checks a key and says in words what is wrong with it: undefined where it is trusted, else HOST_KEY. */
export function checkHostKey(name: string, trust: Trust, known: Known, blob: Buffer): ReleaserError | undefined {
  const shown = hostKey(blob)
  if (!shown) return new ReleaserError('HOST_KEY', `${name} shows a host key that is none`)
  const verdict = judge(known, shown)
  if (verdict.kind === 'revoked') return refusal(name, trust, shown, verdict)
  if (trust.pins.length > 0) return trust.pins.includes(fingerprint(blob)) ? undefined : notPinned(name, trust, shown)
  return verdict.kind === 'known' ? undefined : refusal(name, trust, shown, verdict)
}

/** The line of known_hosts that records a key. */
export function knownLine(trust: Trust, key: HostKey): string {
  return `${trust.alias ?? knownName(trust.host, trust.port)} ${key.type} ${key.blob.toString('base64')}`
}

/** What to ask about a key that nobody knows; `look` sees it, maybe once more. */
export function keyQuestion(
  name: string,
  trust: Trust,
  shown: string,
  look: () => Promise<HostKey | undefined>,
): HostKeyQuestion {
  const place = knownName(trust.host, trust.port)
  return {
    about: 'host-key',
    host: place === name ? name : `${name} (${place})`,
    shown,
    file: trust.files[0],
    line: async () => {
      const key = await look()
      if (key && say(key) === shown) return knownLine(trust, key)
      throw new ReleaserError('HOST_KEY', `${name} shows another host key by now: ${key ? say(key) : 'none'}`, {
        hint: 'somebody may be in between; compare the fingerprints on the host',
      })
    },
  }
}

const ALGORITHMS = {
  'ssh-ed25519': ['ssh-ed25519'],
  'ecdsa-sha2-nistp256': ['ecdsa-sha2-nistp256'],
  'ecdsa-sha2-nistp384': ['ecdsa-sha2-nistp384'],
  'ecdsa-sha2-nistp521': ['ecdsa-sha2-nistp521'],
  // An RSA key signs with SHA-2 only: SHA-1 is not offered, as in OpenSSH since 8.8.
  'ssh-rsa': ['rsa-sha2-512', 'rsa-sha2-256'],
} as const

const TYPES = Object.keys(ALGORITHMS) as readonly (keyof typeof ALGORITHMS)[]

async function readLines(file: string): Promise<readonly KnownLine[]> {
  try {
    return parseKnownHosts(await readFile(file, 'utf8'), file)
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code
    if (code === 'ENOENT' || code === 'ENOTDIR') return []
    throw new ReleaserError('HOST_KEY', `cannot read ${file} (${code})`, {
      hint: 'make it readable, or name another one with knownHosts',
      cause: error,
    })
  }
}

function notPinned(name: string, { pins }: Trust, shown: HostKey): ReleaserError {
  return new ReleaserError(
    'HOST_KEY',
    `the host key of ${name} is not one of hostKeys: it shows ${say(shown)}, but hostKeys has ${pins.join(', ')}`,
    {
      hint: 'somebody may be in between; only if the host really has a new key, change hostKeys in the config',
    },
  )
}

function refusal(name: string, trust: Trust, shown: HostKey, verdict: Exclude<Verdict, { kind: 'known' }>): ReleaserError {
  if (verdict.kind === 'unknown') return unknown(name, trust, shown)
  const where = `${verdict.by.file}:${verdict.by.line}`
  const { message, hint } = REFUSALS[verdict.kind]
  const forget = `ssh-keygen -R ${quote(trust.alias ?? knownName(trust.host, trust.port))} -f ${quote(verdict.by.file)}`
  const words = { name, shown: say(shown), where, known: say(verdict.by.key), forget, record: record(trust, shown) }
  return new ReleaserError('HOST_KEY', message(words), { hint: hint(words) })
}

interface Words {
  readonly name: string
  readonly shown: string
  readonly where: string
  readonly known: string
  readonly forget: string
  readonly record: string
}

const REFUSALS: Readonly<
  Record<'changed' | 'other-type' | 'revoked', { message: (words: Words) => string; hint: (words: Words) => string }>
> = {
  changed: {
    message: ({ name, shown, where, known }) =>
      `the host key of ${name} has changed: it shows ${shown}, but ${where} knows ${known}`,
    hint: ({ forget }) => `somebody may be in between; only if the host was really set up anew: ${forget}`,
  },
  'other-type': {
    message: ({ name, shown, where, known }) =>
      `${name} shows a host key of another type than the known one: ${shown}, but ${where} knows ${known}`,
    hint: ({ record }) => `somebody may be in between; only if this is really its key too: ${record}`,
  },
  revoked: {
    message: ({ name, shown, where }) => `the host key of ${name} is revoked in ${where}: ${shown}`,
    hint: () => 'whoever has this key must not be trusted: give the host a new one',
  },
}

function unknown(name: string, trust: Trust, shown: HostKey): ReleaserError {
  return new ReleaserError('HOST_KEY', `the host key of ${name} is not known: ${say(shown)}`, {
    question: keyQuestion(name, trust, say(shown), async () => shown),
    hint: `compare it on the host (ssh-keygen -lf /etc/ssh/ssh_host_${shortType(shown.type)}_key.pub), then: ${trust.command ?? record(trust, shown)}`,
  })
}

/** The command that records a key. ssh-keyscan knows no alias, so that the line itself is written there. */
function record(trust: Trust, shown: HostKey): string {
  const [first] = trust.files
  const file = first === undefined ? '~/.ssh/known_hosts' : quote(first)
  if (trust.alias !== undefined) return `echo ${quote(knownLine(trust, shown))} >> ${file}`
  return `ssh-keyscan -t ${shortType(shown.type)} -p ${trust.port} ${quote(trust.host)} >> ${file}`
}

function shortType(type: string): string {
  return type.startsWith('ecdsa-') ? 'ecdsa' : type.replace(/^ssh-/, '')
}

function say(key: HostKey): string {
  return `${key.type} ${fingerprint(key.blob)}`
}
