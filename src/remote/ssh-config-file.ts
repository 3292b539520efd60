import { readdir, readFile } from 'node:fs/promises'
import { homedir, userInfo } from 'node:os'
import { isAbsolute, join } from 'node:path'
import { ReleaserError } from '../model/errors.ts'
import { type Match, matches } from './ssh-config-match.ts'

/** What is asked of a configuration: a host as the person wrote it, and what stands above the file. */
export interface Asked {
  readonly host: string
  readonly user: string | undefined
  readonly port: number | undefined
}

/**
 * Reads ssh_config as `ssh -G` would, for machines without ssh: values by lower-case key, the first one of each (all of those that add
 * up). `Host`, `Match` and `Include` hold. Fails with CONFIG for a file that cannot be read or understood, and for a `Match` that
 * only ssh itself can decide.
 */
export async function readSshConfig(asked: Asked, config: string | undefined): Promise<ReadonlyMap<string, readonly string[]>> {
  const home = join(homedir(), '.ssh')
  const reader: Reader = { asked, values: new Map(), active: true }
  if (asked.user !== undefined) reader.values.set('user', [asked.user])
  if (config !== undefined) await readFileInto(reader, { file: config, base: home, depth: 0, demanded: true })
  else {
    await readFileInto(reader, { file: join(home, 'config'), base: home, depth: 0, demanded: false })
    reader.active = true
    await readFileInto(reader, { file: '/etc/ssh/ssh_config', base: '/etc/ssh', depth: 0, demanded: false })
  }
  const name = reader.values.get('hostname')?.[0]
  if (name !== undefined)
    reader.values.set('hostname', [name.replace(/%([%hn])/g, (_, token) => (token === '%' ? '%' : asked.host))])
  return reader.values
}

interface Reader {
  readonly asked: Asked
  readonly values: Map<string, readonly string[]>
  /** Whether the block that is read holds for the host. */
  active: boolean
}

interface Place {
  readonly file: string
  /** What relative names of Include begin at. */
  readonly base: string
  readonly depth: number
  readonly demanded: boolean
}

async function readFileInto(reader: Reader, place: Place): Promise<void> {
  const text = await readFile(place.file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (!place.demanded && (error.code === 'ENOENT' || error.code === 'ENOTDIR')) return ''
    throw refusal(`cannot read ${place.file} (${error.code})`, 'make it readable')
  })
  for (const [index, line] of text.split('\n').entries()) await readLine(reader, place, line, `${place.file}:${index + 1}`)
}

async function readLine(reader: Reader, place: Place, line: string, where: string): Promise<void> {
  const [, word = '', rest = ''] = /^\s*([^\s="#]+)(?:\s*=\s*|\s+|$)(.*?)\s*$/.exec(line) ?? []
  if (word === '') return
  const key = word.toLowerCase()
  const words = split(rest)
  if (words === undefined) throw refusal(`${where}: a quote is not closed`, 'close it')
  if (words.length === 0) throw refusal(`${where}: ${word} has no value`, 'give it one, or take the line out')
  if (key === 'host') reader.active = matches({ kind: 'host', words }, meant(reader))
  else if (key === 'match') reader.active = decide({ kind: 'match', words }, reader, where)
  else if (key === 'include') await include(reader, place, words, where)
  else if (reader.active) note(reader, key, words, rest, where)
}

function decide(match: Match, reader: Reader, where: string): boolean {
  try {
    return matches(match, meant(reader))
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    throw refusal(`${where}: ${why}`, 'install OpenSSH here, or write what is needed for this host into the target')
  }
}

function meant({ asked, values }: Reader): Parameters<typeof matches>[1] {
  const hostname = values.get('hostname')?.[0]?.replace(/%h/g, asked.host) ?? asked.host
  return { original: asked.host, hostname, user: values.get('user')?.[0] ?? userInfo().username, local: userInfo().username }
}

const DEEPEST = 16

/** What is included holds only where the block around it does, and blocks end with the file they are in. */
async function include(reader: Reader, { base, depth }: Place, words: readonly string[], where: string): Promise<void> {
  if (depth >= DEEPEST) throw refusal(`${where}: files include each other more than ${DEEPEST} deep`, 'take one of them out')
  const around = reader.active
  if (!around) return
  for (const word of words) {
    const named = word === '~' || word.startsWith('~/') ? homedir() + word.slice(1) : word
    for (const file of await glob(isAbsolute(named) ? named : join(base, named))) {
      reader.active = around
      await readFileInto(reader, { file, base, depth: depth + 1, demanded: false })
    }
  }
  reader.active = around
}

/** Files by a path whose parts may hold `*` and `?`, sorted; those that begin with a dot must be named. */
async function glob(path: string): Promise<readonly string[]> {
  let found: readonly string[] = ['/']
  for (const part of path.split('/').filter(Boolean)) {
    if (!/[*?]/.test(part)) found = found.map((dir) => join(dir, part))
    else {
      const source = part
        .replace(/[.+^${}()|[\]\\]/g, '\\$&')
        .replaceAll('*', '.*')
        .replaceAll('?', '.')
      const fits = new RegExp(`^${source}$`)
      const listed = await Promise.all(
        found.map(async (dir) => {
          const names = await readdir(dir).catch(() => [])
          return names
            .filter((name) => fits.test(name) && (part.startsWith('.') || !name.startsWith('.')))
            .sort()
            .map((name) => join(dir, name))
        }),
      )
      found = listed.flat()
    }
  }
  return found
}

/** Keys of which all values count; of every other one the first. */
const ADDED: ReadonlySet<string> = new Set(['identityfile', 'certificatefile'])
/** Keys whose value is the rest of the line, spaces and quotes and all. */
const WHOLE: ReadonlySet<string> = new Set(['proxycommand', 'knownhostscommand', 'localcommand', 'remotecommand'])

/** How `ssh -G` writes values that can be written in several ways; undefined where they are none. */
const AS_SSH: Readonly<Record<string, (value: string) => string | undefined>> = {
  port: (value) => (/^\d{1,5}$/.test(value) ? value : undefined),
  identitiesonly: (value) => ({ yes: 'yes', true: 'yes', no: 'no', false: 'no' })[value],
  addressfamily: (value) => ['any', 'inet', 'inet6'].find((family) => family === value),
  connecttimeout: seconds,
  serveraliveinterval: seconds,
  serveralivecountmax: (value) => (/^\d+$/.test(value) ? value : undefined),
}

/** `90`, `1m30s`, as seconds. */
function seconds(text: string): string | undefined {
  const units: Readonly<Record<string, number>> = { '': 1, s: 1, m: 60, h: 3600, d: 86_400, w: 604_800 }
  if (text === 'none') return '0'
  if (!/^(\d+[smhdw]?)+$/.test(text)) return undefined
  return String(
    [...text.matchAll(/(\d+)([smhdw]?)/g)].reduce((sum, [, count, unit = '']) => sum + Number(count) * (units[unit] ?? 1), 0),
  )
}

function note({ values }: Reader, key: string, words: readonly string[], rest: string, where: string): void {
  const had = values.get(key)
  const said = WHOLE.has(key) ? rest : words.join(' ')
  const as = AS_SSH[key]
  const value = as ? as(said.toLowerCase()) : said
  if (value === undefined) throw refusal(`${where}: ${said} is nothing that ${key} can be`, 'see what it takes: man ssh_config')
  if (had === undefined) values.set(key, [value])
  else if (ADDED.has(key) && !had.includes(value)) values.set(key, [...had, value])
}

/** Words, of which some may be in double quotes; a `#` begins a comment. Undefined where a quote is not closed. */
function split(text: string): readonly string[] | undefined {
  const words: string[] = []
  let left = text.trim()
  while (left !== '' && !left.startsWith('#')) {
    const [whole, quoted, bare] = /^(?:"((?:[^"\\]|\\.)*)"|([^\s"]+))\s*/.exec(left) ?? []
    if (whole === undefined) return undefined
    words.push(bare ?? (quoted ?? '').replace(/\\(["\\])/g, '$1'))
    left = left.slice(whole.length)
  }
  return words
}

function refusal(message: string, hint: string): ReleaserError {
  return new ReleaserError('CONFIG', message, { hint })
}
