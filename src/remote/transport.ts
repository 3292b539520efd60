import { stat } from 'node:fs/promises'
import type { Target } from '../model/config.ts'
import { ReleaserError } from '../model/errors.ts'
import { isBeyondLibrary, typesInAgent } from './agent-keys.ts'
import { readKnown, type Trust } from './host-key.ts'
import type { SshTarget } from './ssh.ts'

type Transport = NonNullable<Target['transport']>

/**
 * By what a host is reached: by the library, unless the configuration asks for what only the system's own ssh can do. Fails with
 * CONNECTION where the library is demanded and cannot.
 */
export async function transportOf(target: SshTarget, demanded: Transport | undefined): Promise<Transport> {
  if (demanded === 'openssh') return 'openssh'
  const [first] = await needsOfSsh(target)
  if (demanded === undefined) return first !== undefined || (await inAgent(target)) ? 'openssh' : 'ssh2'
  if (first === undefined) return 'ssh2'
  throw new ReleaserError('CONNECTION', `${target.name} is reached with ${first}, which transport: 'ssh2' cannot do`, {
    hint: "leave transport out, or write transport: 'openssh'",
  })
}

/** What of a host's configuration the library cannot do, in its words. */
export async function needsOfSsh({ beyond, identities, trust }: SshTarget): Promise<readonly string[]> {
  const found = await Promise.all([certificates(identities), hardwareKeys(identities), authorities(trust)])
  return [...beyond, ...found.flat()]
}

/** As ssh itself: a certificate lies beside its key. */
async function certificates(identities: readonly string[]): Promise<readonly string[]> {
  const files = identities.map((file) => `${file.replace(/\.pub$/, '')}-cert.pub`)
  return (await there(files)).map((file) => `the certificate ${file}`)
}

async function hardwareKeys(identities: readonly string[]): Promise<readonly string[]> {
  return (await there(identities.filter((file) => /_sk(\.pub)?$/.test(file)))).map((file) => `the hardware key ${file}`)
}

/** Whether the agent would offer what the library passes over. It may well hold plain keys that will do, so that this forbids nothing. */
async function inAgent({ agent, identitiesOnly, keys }: SshTarget): Promise<boolean> {
  if (agent === undefined || identitiesOnly || keys.key !== undefined) return false
  return (await typesInAgent(agent)).some(isBeyondLibrary)
}

/** Where nothing but a certificate can show that it is the host. */
async function authorities(trust: Trust): Promise<readonly string[]> {
  const { lines } = await readKnown(trust)
  if (lines.some(({ marker }) => marker === 'none')) return []
  return lines
    .filter(({ marker }) => marker === 'cert-authority')
    .map(({ file, line }) => `the authority for host keys in ${file}:${line}`)
}

async function there(files: readonly string[]): Promise<readonly string[]> {
  const found = await Promise.all(
    files.map((file) =>
      stat(file).then(
        () => [file],
        () => [],
      ),
    ),
  )
  return found.flat()
}
