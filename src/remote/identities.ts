import { readFile, stat } from 'node:fs/promises'
import { givenKey } from './given-key.ts'
import { isPassphraseError, isPkcs8, passphraseQuestion, publicHalf, tilde } from './key-text.ts'
import { type Keyring, PASSPHRASE_VARIABLE, passphraseFor } from './keyring.ts'
import { fingerprint } from './known-hosts.ts'
import type { Key, KeyTools, Offer, Skipped } from './offer.ts'
import { quote } from './shell.ts'
import type { Resolved } from './ssh-config.ts'

export interface Offers<K> {
  /** In the order to try, at most six: a server of OpenSSH takes no more. */
  readonly list: readonly Offer<K>[]
  /** Why keys that could have been offered are not, for the message of a failure. */
  readonly skipped: readonly Skipped[]
}

/** Who logs in, with what. `named`: the config itself says which key (`identity`). */
export type Who = Resolved & { readonly keys: Keyring; readonly named: boolean }

/**
 * The keys to try, as OpenSSH would: files that somebody chose come first, from the agent where it holds them; of the default files,
 * those that the agent holds, then what else is in the agent, then the others. A key of the environment comes after the one that the
 * config names, before those that ssh's configuration names, and instead of all others. Fails with CONFIG where it is none.
 */
export async function listOffers<K extends Key>(who: Who, tools: KeyTools<K>): Promise<Offers<K>> {
  const agent = who.agent === undefined ? { keys: [] } : await askAgent(who.agent, tools)
  const given = givenKey(who.keys, tools)
  const paths = given.length > 0 && !who.chosen ? [] : who.identities
  const named = (await Promise.all(paths.map((path) => readKey(path, who, agent.keys, tools)))).flat()
  const files = who.named ? [...named, ...given] : [...given, ...named]
  const offers = files.filter((file) => 'key' in file)
  const rest = agent.keys
    .filter((key) => !offers.some((offer) => offer.inAgent && sameKey(offer.key, key)))
    .map((key) => ({ label: `${key.comment || 'a key'} of the agent (${fingerprint(key.getPublicSSH())})`, key, inAgent: true }))
  const others = who.identitiesOnly || given.length > 0 ? [] : rest
  const first = who.chosen || given.length > 0
  const held = first ? offers : offers.filter((offer) => offer.inAgent)
  const last = first ? [] : offers.filter((offer) => !offer.inAgent)
  const skipped = [...files.filter((file) => 'why' in file), ...(agent.skipped ? [agent.skipped] : [])]
  return { list: [...held, ...others, ...last].slice(0, MOST), skipped }
}

const MOST = 6

async function askAgent<K extends Key>(socket: string, tools: KeyTools<K>): Promise<{ keys: readonly K[]; skipped?: Skipped }> {
  try {
    return { keys: await tools.agentKeys(socket) }
  } catch {
    return {
      keys: [],
      skipped: { why: `the SSH agent at ${socket} does not answer`, hint: 'start one: eval "$(ssh-agent)" && ssh-add' },
    }
  }
}

/** One identity file: an offer, the reason why it is none, or nothing where a default file does not exist. */
async function readKey<K extends Key>(
  path: string,
  { chosen, keys }: Who,
  held: readonly K[],
  tools: KeyTools<K>,
): Promise<readonly (Offer<K> | Skipped)[]> {
  const [text, publicText] = await Promise.all([read(path), read(`${path}.pub`)])
  const publicBlob = (text && publicHalf(text)) ?? blobOf(publicText, tools) ?? blobOf(text, tools)
  const inAgent = publicBlob && held.find((key) => key.getPublicSSH().equals(publicBlob))
  if (inAgent) return [offer(path, inAgent, true)]
  if (text === undefined)
    return chosen ? [{ why: `${tilde(path)} cannot be read`, hint: 'name a key that is there with identity' }] : []
  if (await isOpenToOthers(path)) {
    return [{ why: `${tilde(path)} can be read by other users, so it is not used`, hint: `chmod 600 ${quote(path)}` }]
  }
  const passphrase = passphraseFor(path, keys)
  const key = tools.parse(text, passphrase)
  if (key instanceof Error) {
    const skipped = explain(path, text, key, passphrase !== undefined)
    return [skipped.locked ? { ...skipped, question: passphraseQuestion({ id: path, text }, keys, tools) } : skipped]
  }
  if (!key.isPrivateKey())
    return [{ why: `${tilde(path)} is a public key, and no agent holds its private half`, hint: undefined }]
  return [offer(path, key, false)]
}

function offer<K extends Key>(path: string, key: K, inAgent: boolean): Offer<K> {
  return { label: `${tilde(path)} (${fingerprint(key.getPublicSSH())})`, key, inAgent }
}

/** The few things that can be wrong with a file. `locked`: it has a passphrase, which is not known or another one. */
function explain(path: string, text: string, error: Error, hadPassphrase: boolean): Skipped & { readonly locked?: true } {
  const file = quote(path)
  if (isPkcs8(text)) {
    return {
      why: `${tilde(path)} is in the PKCS#8 format, which cannot be read here`,
      hint: `ssh-keygen -p -f ${file} writes it in OpenSSH's`,
    }
  }
  if (/Invalid initialization vector/.test(error.message)) {
    return {
      why: `${tilde(path)} is encrypted in a way that cannot be read here`,
      hint: `ssh-keygen -p -Z aes256-ctr -f ${file}`,
    }
  }
  if (/no passphrase/i.test(error.message)) {
    return { why: `${tilde(path)} is encrypted`, hint: `ssh-add ${file}, or set ${PASSPHRASE_VARIABLE}`, locked: true }
  }
  if (hadPassphrase && isPassphraseError(error)) {
    return {
      why: `${PASSPHRASE_VARIABLE} does not open ${tilde(path)}`,
      hint: `try it by hand: ssh-keygen -y -f ${file}`,
      locked: true,
    }
  }
  return { why: `${tilde(path)} is no private key that can be read here`, hint: `see what it is: ssh-keygen -y -f ${file}` }
}

async function read(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8')
  } catch {
    return undefined
  }
}

/** As ssh: only where the file is our own. */
async function isOpenToOthers(path: string): Promise<boolean> {
  const { mode, uid } = await stat(path)
  return uid === process.getuid?.() && (mode & 0o077) !== 0
}

function blobOf<K extends Key>(text: string | undefined, tools: KeyTools<K>): Buffer | undefined {
  if (text === undefined || text.includes('PRIVATE KEY')) return undefined
  const key = tools.parse(text)
  return key instanceof Error ? undefined : key.getPublicSSH()
}

function sameKey(one: Key, other: Key): boolean {
  return one.getPublicSSH().equals(other.getPublicSSH())
}
