import { readFile, stat } from 'node:fs/promises'
import { homedir } from 'node:os'
import { fingerprint } from './known-hosts.ts'
import { quote } from './shell.ts'
import type { Resolved } from './ssh-config.ts'

/** A key, as the SSH library reads it. */
export interface Key {
  isPrivateKey(): boolean
  getPublicSSH(): Buffer
  readonly comment: string
}

/** What this file needs of the SSH library. */
export interface KeyTools<K extends Key> {
  parse(text: string, passphrase?: string): K | Error
  /** The keys that an SSH agent holds. */
  agentKeys(socket: string): Promise<readonly K[]>
}

/** One key to try: its private half is in `key`, or in the agent. */
export interface Offer<K> {
  readonly label: string
  readonly key: K
  readonly inAgent: boolean
}

export interface Offers<K> {
  /** In the order to try, at most six: a server of OpenSSH takes no more. */
  readonly list: readonly Offer<K>[]
  /** Why keys that could have been offered are not, for the message of a failure. */
  readonly skipped: readonly Skipped[]
}

export interface Skipped {
  readonly why: string
  readonly hint: string | undefined
}

/**
 * The keys to try, as OpenSSH would: files that somebody chose come first, from the agent where it holds them; of the default files,
 * those that the agent holds, then what else is in the agent, then the others.
 */
export async function listOffers<K extends Key>(who: Resolved, tools: KeyTools<K>): Promise<Offers<K>> {
  const agent = who.agent === undefined ? { keys: [] } : await askAgent(who.agent, tools)
  const files = (await Promise.all(who.identities.map((path) => readKey(path, who.chosen, agent.keys, tools)))).flat()
  const offers = files.filter((file) => 'key' in file)
  const rest = agent.keys
    .filter((key) => !offers.some((offer) => offer.inAgent && sameKey(offer.key, key)))
    .map((key) => ({ label: `${key.comment || 'a key'} of the agent (${fingerprint(key.getPublicSSH())})`, key, inAgent: true }))
  const others = who.identitiesOnly ? [] : rest
  const held = who.chosen ? offers : offers.filter((offer) => offer.inAgent)
  const last = who.chosen ? [] : offers.filter((offer) => !offer.inAgent)
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
  chosen: boolean,
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
  const passphrase = process.env['RELEASER_KEY_PASSPHRASE'] || undefined
  const key = tools.parse(text, passphrase)
  if (key instanceof Error) return [explain(path, text, key, passphrase !== undefined)]
  if (!key.isPrivateKey())
    return [{ why: `${tilde(path)} is a public key, and no agent holds its private half`, hint: undefined }]
  return [offer(path, key, false)]
}

function offer<K extends Key>(path: string, key: K, inAgent: boolean): Offer<K> {
  return { label: `${tilde(path)} (${fingerprint(key.getPublicSSH())})`, key, inAgent }
}

/** ssh2 has other words for each cipher and format: these are the few things that can be wrong. */
function explain(path: string, text: string, error: Error, hadPassphrase: boolean): Skipped {
  const file = quote(path)
  if (/BEGIN (ENCRYPTED )?PRIVATE KEY/.test(text)) {
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
    return { why: `${tilde(path)} is encrypted`, hint: `ssh-add ${file}, or set RELEASER_KEY_PASSPHRASE` }
  }
  if (hadPassphrase && /passphrase|decrypt|authenticate data|integrity|Malformed/i.test(error.message)) {
    return { why: `RELEASER_KEY_PASSPHRASE does not open ${tilde(path)}`, hint: `try it by hand: ssh-keygen -y -f ${file}` }
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

/** The public half of a private key in OpenSSH's format: it is in the clear, so that an agent's key is found without the passphrase. */
function publicHalf(text: string): Buffer | undefined {
  const body = /-----BEGIN OPENSSH PRIVATE KEY-----([\s\S]+?)-----END/.exec(text)?.[1]
  if (body === undefined) return undefined
  const bytes = Buffer.from(body, 'base64')
  let at = 'openssh-key-v1\0'.length
  const string = (): Buffer | undefined => {
    if (at + 4 > bytes.length) return undefined
    const from = at + 4
    at = from + bytes.readUInt32BE(at)
    return at > bytes.length ? undefined : bytes.subarray(from, at)
  }
  for (const _ of ['cipher', 'kdf', 'its options']) if (!string()) return undefined
  at += 4
  return string()
}

function sameKey(one: Key, other: Key): boolean {
  return one.getPublicSSH().equals(other.getPublicSSH())
}

function tilde(path: string): string {
  const home = `${homedir()}/`
  return path.startsWith(home) ? `~/${path.slice(home.length)}` : path
}
