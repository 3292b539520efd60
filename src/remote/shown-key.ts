import { ReleaserError } from '../model/errors.ts'
import type { Known } from './host-key.ts'
import type { HostKey } from './known-hosts.ts'
import { keyBySystem } from './openssh-key.ts'
import { keyShown, type SshTarget } from './ssh.ts'
import { transportOf } from './transport.ts'

/**
 * The key that a host shows, whether anybody knows it or not. Nothing is said to the host but how to agree on one: no user, no key, no
 * password. Hosts on the way must be known. Fails with CONNECTION, HOST_KEY.
 */
export async function shownKey(target: SshTarget, known: Known): Promise<HostKey> {
  const key = (await transportOf(target, undefined)) === 'ssh2' ? await keyShown(target, known) : await keyBySystem(target)
  if (key) return key
  throw new ReleaserError('HOST_KEY', `${target.name} shows a host key that is none`)
}
