import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type HostKey, parseKnownHosts } from './known-hosts.ts'
import { systemFailure } from './openssh-error.ts'
import { privateFolder, spawnKept } from './openssh-folder.ts'
import type { SshTarget } from './ssh.ts'

/**
 * The key that a host shows to the system's ssh: that writes an unknown one down before anybody logs in, into a file of its own, and no way
 * to log in is left. Hosts on the way must be known. Undefined where it is none that we can read. Fails with CONNECTION, HOST_KEY.
 */
export async function keyBySystem(target: SshTarget): Promise<HostKey | undefined> {
  const { system, connectSeconds } = target
  const dir = await mkdtemp(join(tmpdir(), 'rlsr-'))
  try {
    const seen = join(dir, 'seen')
    const folder = await privateFolder(target, 20_000)
    const alone = [
      `UserKnownHostsFile="${seen}"`,
      'GlobalKnownHostsFile=none',
      'KnownHostsCommand=none',
      'VerifyHostKeyDNS=no',
      'StrictHostKeyChecking=accept-new',
      'HashKnownHosts=no',
      'PreferredAuthentications=none',
      'PubkeyAuthentication=no',
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
    const [line] = parseKnownHosts(await readFile(seen, 'utf8').catch(() => ''), seen)
    if (line) return line.key
    throw systemFailure(target, said, { late }).error
  } finally {
    await rm(dir, { recursive: true, force: true })
  }
}
