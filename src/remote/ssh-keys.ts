import type { AnyAuthMethod, OpenSSHAgent, ParsedKey } from 'ssh2'
import { listOffers, type Who } from './identities.ts'
import type { Keyring } from './keyring.ts'
import type { KeyTools, Offer, Skipped } from './offer.ts'

/** One way to log in, as the library takes it. */
export interface Method {
  readonly label: string
  readonly key: ParsedKey
  readonly method: AnyAuthMethod
}

/** The ways to log in, in the order to try, and the keys that are none. Fails with CONFIG for a RELEASER_SSH_KEY that is no key. */
export async function loginMethods(
  who: Who,
): Promise<{ readonly methods: readonly Method[]; readonly skipped: readonly Skipped[] }> {
  const { tools, agentAt } = await load(who.keys)
  const { list, skipped } = await listOffers(who, tools)
  return {
    methods: list.map((offer) => ({ label: offer.label, key: offer.key, method: toMethod(who, offer, agentAt) })),
    skipped,
  }
}

/** What the library can do with keys. */
export async function keyTools(keys: Keyring): Promise<KeyTools<ParsedKey>> {
  return (await load(keys)).tools
}

async function load({ read }: Keyring) {
  const { default: ssh2 } = await import('ssh2')
  const agentAt = (socket: string): OpenSSHAgent => ssh2.createAgent(socket) as OpenSSHAgent
  const parse = (text: string, passphrase?: string): ParsedKey | Error => {
    if (passphrase === undefined) return ssh2.utils.parseKey(text)
    const id = `${passphrase}\n${text}`
    const key = (read.get(id) as ParsedKey | Error | undefined) ?? ssh2.utils.parseKey(text, passphrase)
    read.set(id, key)
    return key
  }
  const tools: KeyTools<ParsedKey> = { parse, agentKeys: (socket) => agentKeys(agentAt(socket)) }
  return { tools, agentAt }
}

function toMethod(who: Who, offer: Offer<ParsedKey>, agentAt: (socket: string) => OpenSSHAgent): AnyAuthMethod {
  if (!offer.inAgent || who.agent === undefined) return { type: 'publickey', username: who.user, key: offer.key }
  // An agent that shows one key only: the library would try all that it has, in its order, and the server would hang up.
  const agent = agentAt(who.agent)
  agent.getIdentities = (callback) => callback(null, [offer.key])
  return { type: 'agent', username: who.user, agent }
}

function agentKeys(agent: OpenSSHAgent): Promise<readonly ParsedKey[]> {
  return new Promise((done, fail) => {
    agent.getIdentities((error, keys) => {
      if (error) fail(error)
      else done((keys ?? []).filter((key): key is ParsedKey => 'getPublicSSH' in key))
    })
  })
}
