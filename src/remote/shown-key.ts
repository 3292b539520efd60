import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ReleaserError } from '../model/errors.ts'
import type { Known } from './host-key.ts'
import { type HostKey, parseKnownHosts } from './known-hosts.ts'
import { systemFailure } from './openssh-error.ts'
import { systemConfig } from './openssh-words.ts'
import { keyShown, type SshTarget } from './ssh.ts'
import { transportOf } from './transport.ts'

/**
 * The key that a host shows, whether anybody knows it or not. Nothing is said to the host but how to agree on one: no user, no key, no
 * password. Hosts on the way must be known. Fails with CONNECTION, HOST_KEY.
 */
export async function shownKey(target: SshTarget, known: Known): Promise<HostKey> {
  const key = (await transportOf(target, undefined)) === 'ssh2' ? await keyShown(target, known) : await bySystem(target)
  if (key) return key
  throw new ReleaserError('HOST_KEY', `${target.name} shows a host key that is none`)
}

/** ssh writes an unknown key down before anybody logs in: into a file of its own, and no way to log in is left. */
async function bySystem(target: SshTarget): Promise<HostKey | undefined> {
  const { system, connectSeconds } = target
  const dir = await mkdtemp(join(tmpdir(), 'rlsr-'))
  try {
    const [config, seen] = [join(dir, 'config'), join(dir, 'seen')]
    await writeFile(config, systemConfig(system, { connectSeconds, silence: 20_000, passphrase: false }))
    const alone = [
      `UserKnownHostsFile="${seen}"`,
      'GlobalKnownHostsFile=none',
      'StrictHostKeyChecking=accept-new',
      'HashKnownHosts=no',
      'PreferredAuthentications=none',
      'PubkeyAuthentication=no',
    ].flatMap((option) => ['-o', option])
    const words = ['-v', '-F', config, ...alone, ...system.words, '--', system.asked, 'true']
    const child = spawn(system.program, words, {
      stdio: ['ignore', 'ignore', 'pipe'],
      detached: true,
      timeout: connectSeconds * 1000,
    })
    let said = ''
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      said = (said + text).slice(-200_000)
    })
    const [, signal] = await once(child, 'close').catch(() => [null, null])
    const [line] = parseKnownHosts(await readFile(seen, 'utf8').catch(() => ''), seen)
    if (line) return line.key
    throw systemFailure(target, said, signal !== null).error
  } finally {
    await rm(dir, { recursive: true, force: true })
  }
}
