import { ReleaserError } from '../model/errors.ts'
import type { PassphraseQuestion } from '../model/question.ts'
import { keyQuestion } from './host-key.ts'
import { PASSPHRASE_VARIABLE } from './keyring.ts'
import { type HostKey, knownName } from './known-hosts.ts'
import { quote } from './shell.ts'
import type { SshTarget } from './ssh.ts'
import { type Failure, placed } from './ssh-error.ts'

/** `late`: it was not done in time. `locked`: asks for what opens a key that is not used without. `look`: sees which key the host shows; where it is left out, nobody is asked about one. */
export interface Circumstances {
  readonly late: boolean
  readonly look?: () => Promise<HostKey | undefined>
  readonly locked?: PassphraseQuestion | undefined
}

/** Where a connection of the system's ssh ended and why, from what it said (`-v`). */
export function systemFailure(target: SshTarget, said: string, { late, look, locked }: Circumstances): Failure {
  const lines = said.split(/\r?\n/)
  const found = (pattern: RegExp): readonly string[] | undefined => {
    for (const line of lines) {
      const groups = pattern.exec(line)
      if (groups) return groups.map((group) => printable(group ?? ''))
    }
    return undefined
  }
  const hostKey = keyFailure(target, found, look)
  if (hostKey) return { error: hostKey, dropped: false }
  const login = loginFailure(target, found, lines, locked)
  if (login) return { error: login, dropped: false }
  const { reason, hint, dropped = false } = explain(target, found, late) ?? { reason: wordsOf(said), hint: byHand(target) }
  return { error: new ReleaserError('CONNECTION', `cannot reach ${placed(target)}: ${reason}`, { hint }), dropped }
}

/** The last thing that ssh said which is meant for people. */
export function wordsOf(said: string): string {
  const lines = said.split(/\r?\n/).filter((line) => line.trim() !== '' && !line.startsWith('debug'))
  return printable(lines.at(-1) ?? 'ssh ended').replace(/^ssh: |\.$/g, '')
}

type Find = (pattern: RegExp) => readonly string[] | undefined

function keyFailure({ name, system, trust }: SshTarget, found: Find, look: Circumstances['look']): ReleaserError | undefined {
  if (!found(/Host key verification failed|REVOKED HOST KEY|marked as revoked/)) return undefined
  const [, type = 'a key', print = ''] = found(/Server host key: (\S+) (SHA256:\S+)/) ?? []
  const shown = `${type} ${print}`.trim()
  const fail = (message: string, hint: string): ReleaserError => new ReleaserError('HOST_KEY', message, { hint })
  if (found(/REVOKED HOST KEY|marked as revoked/))
    return fail(
      `the host key of ${name} is revoked: ${shown}`,
      'whoever has this key must not be trusted: give the host a new one',
    )
  const [, file = '', line = ''] = found(/Offending .* key in (.+):(\d+)$/) ?? []
  if (found(/IDENTIFICATION HAS CHANGED/))
    return fail(
      `the host key of ${name} has changed: it shows ${shown}, but ${file}:${line} knows another one`,
      `somebody may be in between; only if the host was really set up anew, take that line out: ssh-keygen -R … -f ${quote(file)}`,
    )
  // It may be that of a host on the way.
  const [, , place = name] = found(/No (\S+) host key is known for (\S+)/) ?? []
  const itself = place === knownName(trust.host, trust.port) || place === trust.host
  return new ReleaserError('HOST_KEY', `the host key of ${place} is not known: ${shown}`, {
    hint: `compare it on the host, then: ${(itself && trust.command) || `ssh ${[...system.words, system.asked].map(quote).join(' ')}`}`,
    ...(itself && look && { question: keyQuestion(name, trust, shown, look) }),
  })
}

function loginFailure(
  target: SshTarget,
  found: Find,
  lines: readonly string[],
  question: PassphraseQuestion | undefined,
): ReleaserError | undefined {
  const [, who = '', methods = ''] = found(/^(?:(\S+): )?Permission denied \(([^)]*)\)/) ?? []
  const many = found(/Too many authentication failures/)
  if (methods === '' && !many) return undefined
  const offered = lines.flatMap((line) => /Offering public key: (.+)$/.exec(line)?.[1] ?? []).map(printable)
  const tried = offered.length > 0 ? `none of these keys: ${offered.join(', ')}` : 'nobody: there is no key to offer'
  return new ReleaserError(
    'AUTH',
    `${who || `${target.user}@${placed(target)}`} lets in ${tried}${many ? ' (there were too many)' : ''}`,
    {
      question,
      hint: question
        ? `${question.key} is encrypted: ssh-add ${quote(question.key)}, or set ${PASSPHRASE_VARIABLE}`
        : `try it by hand: ${byHand(target)}${methods === '' ? '' : ` (it takes ${methods})`}`,
    },
  )
}

interface Explanation {
  readonly reason: string
  readonly hint: string
  readonly dropped?: boolean
}

function explain(target: SshTarget, found: Find, late: boolean): Explanation | undefined {
  const hint = `try it by hand: ${byHand(target)}`
  const unknown = found(/Could not resolve hostname (\S+?):/)
  if (unknown)
    return { reason: `the name ${unknown[1]} is not known`, hint: 'look for a typo in hosts, at ~/.ssh/config and at the DNS' }
  const refused = found(/connect to (?:host|address) (\S+) port (\d+): Connection refused/)
  if (refused) return { reason: `connection refused at ${refused[1]}:${refused[2]}`, hint: `does sshd run there? ${hint}` }
  if (found(/No route to host|Network is unreachable/))
    return { reason: 'no route to it', hint: 'look at the network and at the VPN' }
  const algorithms = found(/no matching (.*) found\. Their offer: (.*)/)
  if (algorithms) return { reason: `no ${algorithms[1]} is known that it allows: ${algorithms[2]}`, hint }
  const proxy = found(/stdio forwarding failed|open failed: (.*)/)
  if (proxy)
    return {
      reason: `a host on the way does not reach it${proxy[1] ? `: ${proxy[1]}` : ''}`,
      hint: onTheWay(proxy[1] ?? '', hint),
    }
  if (late || found(/timed out/)) return { reason: `it was not done within ${target.connectSeconds} s`, hint }
  if (found(/Exceeded MaxStartups|kex_exchange_identification|Connection (closed|reset) by/))
    return {
      reason: 'the server closed the connection before the login',
      hint: `it may be busy (MaxStartups): ${hint}`,
      dropped: true,
    }
  return undefined
}

function onTheWay(why: string, hint: string): string {
  return why.startsWith('administratively prohibited')
    ? `look for AllowTcpForwarding and PermitOpen in its sshd_config, and for restrict or no-port-forwarding in its authorized_keys; ${hint}`
    : `can that host reach this one? ${hint}`
}

function byHand({ system }: SshTarget): string {
  return `ssh ${[...system.words, system.asked].map(quote).join(' ')}`
}

/** What a stranger may have chosen, without anything that a terminal would obey. */
function printable(text: string): string {
  return text.replace(/[^\x20-\x7e]/g, '?').slice(0, 300)
}
