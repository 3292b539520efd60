import { createHash } from 'node:crypto'
import { lstat, readdir, readFile, readlink } from 'node:fs/promises'
import { join } from 'node:path'
import { decodeState } from '../../src/model/host-state.ts'
import { decodeManifest, type Manifest } from '../../src/model/manifest.ts'
import type { Rendered } from './scenarios.ts'

/** What the client said, in the one word that matters: which release it promised to be current. `unknown`: it said it does not know. */
export type Reported = 'done' | 'kept' | 'unknown'

/** What a fault must leave true. `before`: the directory below `releases/` that served, `after`: the one that is to serve. */
export interface Expected {
  readonly before: string | null
  readonly after: string | null
  readonly reported: Reported
  /** A directory that nobody confirmed and that may be current until somebody comes by. */
  readonly meanwhile?: string | undefined
  /** The directory that served when the command began, where that was not `before`: a command before it had got that far. */
  readonly serving?: string | null | undefined
  /** What is rendered, and what it says in `before` and in `after`; of `after` there may be a later twin in its place. */
  readonly rendered?: Rendered | undefined
  /** The digests (hex) of all releases by id, known from elsewhere than the host. */
  readonly digests?: ReadonlyMap<string, string>
}

/** Invariants 1, 2, 3 and 5: what must hold at every moment after a fault, whoever died. One line a violation. */
export async function violations(path: string, expected: Expected): Promise<readonly string[]> {
  const { before, after, reported } = expected
  const current = await currentOf(path)
  const found = [...current.wrong, ...(await brokenReleases(path, expected))]
  // What an agent of root must never take away, though it reads from there where it has nothing to read.
  if (!(await lstat('/dev/null')).isCharacterDevice()) found.push('/dev/null is no device any more')
  const dirs = await names(join(path, 'releases'))
  const allowed = { done: [after], kept: [before], unknown: [before, after] }[reported]
  if (expected.meanwhile !== undefined) allowed.push(expected.meanwhile)
  if (reported === 'kept' && expected.serving !== undefined) allowed.push(expected.serving)
  const { rendered } = expected
  if (rendered && current.dir !== null) {
    const is = await text(join(path, 'releases', current.dir, rendered.path))
    const should = current.dir === before ? rendered.before : rendered.after
    if (is !== should) found.push(`${rendered.path} of ${current.dir} says ${JSON.stringify(is)}, not ${JSON.stringify(should)}`)
  }
  const twin = rendered && current.dir?.startsWith(`${idOf(after ?? '')}~`) ? after : current.dir
  if (!allowed.includes(twin)) found.push(`current is ${current.dir}, but the client said ${reported}`)
  if (current.dir !== null && !dirs.includes(current.dir))
    found.push(`current points to releases/${current.dir}, which is not there`)
  if (current.dir !== null && !(await hasManifest(path, current.dir))) found.push(`${current.dir} is current and has no manifest`)
  if (before !== null && !dirs.includes(before)) found.push(`releases/${before}, which served before, is gone`)
  return found
}

/** Invariant 4, after a rerun that succeeded: nothing is left over, and the state says what is. */
export async function leftovers(path: string): Promise<readonly string[]> {
  const found: string[] = []
  const home = join(path, '.releaser')
  for (const room of ['journal', 'tx', 'lock', 'trash', 'flip', 'incoming'])
    for (const name of await names(join(home, room))) found.push(`left over: ${room}/${name}`)
  for (const name of await readdir(home, { recursive: true })) if (name.endsWith('.tmp')) found.push(`left over: ${name}`)
  const state = decodeState((await text(join(home, 'state'))).split('\n').slice(0, -1))
  if (!state) return [...found, 'the state cannot be read']
  const { dir } = await currentOf(path)
  const dirs = await names(join(path, 'releases'))
  const remembered = state.releases.map((release) => release.dir).sort()
  if (remembered.join() !== dirs.join()) found.push(`the state knows ${remembered}, there are ${dirs}`)
  if (dir !== null && state.served.at(-1) !== idOf(dir))
    found.push(`the state says that ${state.served.at(-1)} serves, current is ${dir}`)
  return found
}

/** Releases under their final name whose tree is not, byte for byte, their manifest with the links to `shared/` laid over it. */
async function brokenReleases(path: string, { digests, rendered, before }: Expected): Promise<string[]> {
  const found: string[] = []
  const { dir: current } = await currentOf(path)
  for (const dir of await names(join(path, 'releases'))) {
    if (!(await hasManifest(path, dir))) continue
    const bytes = await text(join(path, '.releaser/manifests', idOf(dir)))
    const manifest = decodeManifest(bytes)
    if (!manifest) found.push(`the manifest of ${dir} cannot be read`)
    if (digests?.has(idOf(dir)) && digests.get(idOf(dir)) !== sha256(bytes))
      found.push(`the manifest of ${dir} is not its release's`)
    const overlay = await text(join(path, '.releaser/overlays', dir))
    // One that has never served may have been left while it was rendered: it has its name, and never will serve.
    const half = rendered && ![before, current].includes(dir) && !overlay.includes(`${rendered.path}\tf\t`)
    const sure = (line: string) => !(half && line.startsWith(rendered.path))
    const should = expectedTree(manifest ?? [], overlay).filter(sure)
    const is = (await treeOf(join(path, 'releases', dir))).filter(sure)
    for (const line of should.filter((line) => !is.includes(line))) found.push(`${dir} lacks ${line}`)
    for (const line of is.filter((line) => !should.includes(line))) found.push(`${dir} has ${line}`)
  }
  return found
}

/** The directory below `releases/` that is current, and what is wrong with the link. */
export async function currentOf(path: string): Promise<{ readonly dir: string | null; readonly wrong: readonly string[] }> {
  const info = await lstat(join(path, 'current')).catch(() => null)
  if (!info) return { dir: null, wrong: [] }
  if (!info.isSymbolicLink()) return { dir: null, wrong: ['current is not a link'] }
  const target = await readlink(join(path, 'current'))
  const dir = /^releases\/([^/]+)$/.exec(target)?.[1]
  return dir === undefined ? { dir: null, wrong: [`current points to ${target}`] } : { dir, wrong: [] }
}

/** Manifest and overlay as lines; what is laid over a path hides what was shipped there, and brings the folders above it. */
function expectedTree(manifest: Manifest, overlay: string): string[] {
  const links = overlay.split('\n').flatMap((line) => (line === '' ? [] : [line.split('\t')]))
  const covered = (path: string) => links.some(([link = '']) => path === link || path.startsWith(`${link}/`))
  const lines = new Set(
    manifest.flatMap((entry) => {
      if (covered(entry.path)) return []
      if (entry.type === 'symlink') return [`${entry.path} -> ${entry.target}`]
      const mode = entry.mode.toString(8)
      return [entry.type === 'directory' ? `${entry.path}/ ${mode}` : `${entry.path} ${mode} ${entry.sha256}`]
    }),
  )
  for (const [link = '', type, mode, , target] of links) {
    lines.add(type === 'f' ? `${link} ${Number.parseInt(mode ?? '', 8).toString(8)} ${target}` : `${link} -> ${target}`)
    const parts = link.split('/')
    for (let depth = 1; depth < parts.length; depth++) {
      const folder = parts.slice(0, depth).join('/')
      if (!manifest.some(({ path }) => path === folder)) lines.add(`${folder}/ 755`)
    }
  }
  return [...lines].sort()
}

/** Node's own recursive listing follows links to folders, so this one walks by itself. */
async function treeOf(dir: string, below = ''): Promise<string[]> {
  const lines: string[] = []
  for (const entry of await readdir(join(dir, below), { withFileTypes: true })) {
    const name = join(below, entry.name)
    const mode = ((await lstat(join(dir, name))).mode & 0o777).toString(8)
    if (entry.isSymbolicLink()) lines.push(`${name} -> ${await readlink(join(dir, name))}`)
    else if (entry.isDirectory()) lines.push(`${name}/ ${mode}`, ...(await treeOf(dir, name)))
    else lines.push(`${name} ${mode} ${entry.isFile() ? sha256(await readFile(join(dir, name))) : 'no file'}`)
  }
  return lines.sort()
}

const idOf = (dir: string): string => dir.replace(/~.*/, '')

async function hasManifest(path: string, dir: string): Promise<boolean> {
  return (await names(join(path, '.releaser/manifests'))).includes(idOf(dir))
}

async function names(dir: string): Promise<string[]> {
  return (await readdir(dir).catch(() => [])).sort()
}

async function text(file: string): Promise<string> {
  return readFile(file, 'utf8').catch(() => '')
}

function sha256(content: string | Buffer): string {
  return createHash('sha256').update(content).digest('hex')
}
