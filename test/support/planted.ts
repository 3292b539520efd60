import { randomBytes } from 'node:crypto'
import { lstat, readdir, readFile, readlink } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'

/** A value that must show nowhere, made for one run, by the name under which the app gets it. */
export type Planted = Readonly<Record<string, string>>

/** So much of chance that nobody has it by accident. */
export function chance(): string {
  return randomBytes(9).toString('hex')
}

/** The ways in which a secret is looked for: as it is, by the line, escaped, and in base64 wherever it may begin. */
function waysOf(secret: string): readonly string[] {
  const lines = secret.split('\n').filter((line) => line.length >= 8)
  const codes = [0, 1, 2].map((offset) => {
    const text = Buffer.concat([Buffer.alloc(offset), Buffer.from(secret)]).toString('base64')
    return text.slice(offset + 1, -4)
  })
  return [...new Set([...lines, JSON.stringify(secret).slice(1, -1), encodeURIComponent(secret), ...codes])]
}

/** Names of the secrets that stand in a text, in whatever way. */
export function foundIn(text: string, planted: Planted): readonly string[] {
  return Object.entries(planted).flatMap(([name, secret]) => (waysOf(secret).some((way) => text.includes(way)) ? [name] : []))
}

/** Every file below a folder that holds one of them: `path: NAME`. What `leaveOut` says yes to is not read. */
export async function filesWith(dir: string, planted: Planted, leaveOut: (path: string) => boolean): Promise<readonly string[]> {
  const found: string[] = []
  for (const entry of await readdir(dir, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name)
    const text = entry.isFile() ? await readFile(path, 'latin1') : entry.isSymbolicLink() ? await readlink(path, 'latin1') : ''
    if (leaveOut(path.slice(dir.length + 1))) continue
    for (const name of foundIn(`${Buffer.from(text, 'latin1').toString('utf8')}\n${entry.name}`, planted))
      found.push(`${path}: ${name}`)
  }
  return found
}

/** The permissions of a file, such as `600`. */
export async function modeOf(path: string): Promise<string> {
  return ((await lstat(path)).mode & 0o777).toString(8)
}

/** Small tools of ours on a host that need nobody's environment; hooks of the tests use none of them. */
const NEED_NONE =
  /^(?:awk|mawk|gawk|sed|tar|gzip|zstd|find|sha256sum|sync|mv|ln|rm|cp|mkdir|xargs|sort|sshd|ssh|ssh-keygen|readlink|chmod|tail)$/

/** Looks at all processes of the machine again and again until it is stopped: what it has found in words and, of those that need none, environments. */
export function watchProcesses(
  planted: Planted,
  ofUser: number,
): { stop(): Promise<{ readonly found: readonly string[]; readonly looks: number }> } {
  const found = new Set<string>()
  let [looks, over] = [0, false]
  const ended = (async () => {
    while (!over) {
      looks++
      const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name))
      await Promise.all(pids.map(look))
      await pause(25)
    }
  })()
  async function look(pid: string): Promise<void> {
    const [words, name, status] = await Promise.all(
      ['cmdline', 'comm', 'status'].map((file) => readFile(`/proc/${pid}/${file}`, 'utf8').catch(() => '')),
    )
    for (const secret of foundIn(words ?? '', planted))
      found.add(`the words of ${words?.replaceAll('\0', ' ').slice(0, 80)}: ${secret}`)
    if (!NEED_NONE.test(name?.trim() ?? '') || Number(/^Uid:\s+(\d+)/m.exec(status ?? '')?.[1]) !== ofUser) return
    const environment = await readFile(`/proc/${pid}/environ`, 'utf8').catch(() => '')
    for (const secret of foundIn(environment, planted))
      found.add(`the environment of ${words?.replaceAll('\0', ' ').slice(0, 80)}: ${secret}`)
  }
  return {
    stop: async () => {
      over = true
      await ended
      return { found: [...found], looks }
    },
  }
}
