import { once } from 'node:events'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type HostKey, hostKey } from './known-hosts.ts'
import { systemFailure } from './openssh-error.ts'
import { privateFolder, spawnKept } from './openssh-folder.ts'
import { quote } from './shell.ts'
import type { SshTarget } from './ssh.ts'

/**
 * The key that a host shows to the system's ssh, which is told to ask a program of ours about it, and gets no answer: so it ends before
 * it has said who wants to log in. Hosts on the way must be known. Undefined where it is no key. Fails with CONNECTION, HOST_KEY;
 * before OpenSSH 8.5, which has no such question, always.
 */
export async function keyBySystem(target: SshTarget): Promise<HostKey | undefined> {
  const { system, connectSeconds } = target
  const dir = await mkdtemp(join(tmpdir(), 'rlsr-'))
  try {
    const [seen, look] = [join(dir, 'seen'), join(dir, 'look')]
    await writeFile(look, `[ "$1" = NONE ] || printf '%s\\n' "$1" >${quote(seen)}\n`)
    const folder = await privateFolder(target, 20_000)
    const alone = [
      'UserKnownHostsFile=none',
      'GlobalKnownHostsFile=none',
      `KnownHostsCommand=/bin/sh "${look.replaceAll('%', '%%')}" %K`,
      'VerifyHostKeyDNS=no',
      'StrictHostKeyChecking=yes',
      // The key itself, which nobody vouches for.
      'HostKeyAlgorithms=-*-cert-v01@openssh.com',
    ].flatMap((option) => ['-o', option])
    const child = spawnKept(folder, system.program, [
      '-v',
      ...alone,
      ...folder.words,
      ...system.words,
      '--',
      system.asked,
      'true',
    ])
    child.stdin.on('error', () => {})
    let late = false
    const timer = setTimeout(() => {
      late = true
      child.stdin.destroy()
    }, connectSeconds * 1000)
    let said = ''
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      said = (said + text).slice(-200_000)
    })
    await once(child, 'close').finally(() => clearTimeout(timer))
    const blob = await readFile(seen, 'utf8').catch(() => undefined)
    if (blob !== undefined) return hostKey(Buffer.from(blob, 'base64'))
    throw systemFailure(target, said, { late }).error
  } finally {
    await rm(dir, { recursive: true, force: true })
  }
}
