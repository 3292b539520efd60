import { type ChildProcess, spawn } from 'node:child_process'
import { mkdir, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { openStore } from '../../src/local/store.ts'
import { seeded } from './random.ts'

const OURS = new URL('../../dist/local/', import.meta.url).href

/** A process that packs, tags and records for as long as it lives, and says of each change when it is done. */
const WRITER = (local: string) => `
  const { openStore } = await import('${local}store.js')
  const { packTree } = await import('${local}pack.js')
  const { writeFile } = await import('node:fs/promises')
  const [, storeDir, work, name, id] = process.argv
  const say = (kind, what) => process.stdout.write(kind + ' ' + what + '\\n')
  const store = await openStore(storeDir)
  for (let n = 0; ; n++) {
    await store.tag(id, name + '-' + n)
    say('tag', name + '-' + n)
    await store.record({ at: new Date().toISOString(), target: name + '-' + n, app: 'shop', action: 'deploy', release: id, hosts: [], by: name, ok: true, exit: 0 })
    say('record', name + '-' + n)
    await writeFile(work + '/file', name + '-' + n)
    const packed = await packTree({ dir: work, storeDir, app: 'shop' })
    const { release } = await store.add(packed, { app: 'shop', version: '1.0.0-' + name + '.' + n, tags: [], builder: null, git: null })
    say('release', release.id)
  }`

export interface StoreKill {
  /** Changes that four processes are to make, all together. */
  readonly writes: number
  /** After how many acknowledged changes, about, one of them is killed. */
  readonly every: number
  /** Another build's dist/local/ than ours. */
  readonly local?: string
}

/** Four processes write, one after the other is killed and another takes its place; what was acknowledged must all be there. */
export async function killWriters(
  base: string,
  { writes, every, local = OURS }: StoreKill,
): Promise<{ kills: number; violations: readonly string[] }> {
  const random = seeded('kill writers of the store')
  const dir = join(base, 'store')
  const first = await seedStore(base, dir)
  const said = { tag: new Set<string>(), record: new Set<string>(), release: new Set<string>() }
  const found: string[] = []
  const living = new Set<ChildProcess>()
  let [acknowledged, names, kills, nextKill] = [0, 0, 0, every]
  let lastSaid = Date.now()
  let longest = 0
  await new Promise<void>((resolve) => {
    const start = async (): Promise<void> => {
      const name = `w${names++}`
      const work = join(base, name)
      await mkdir(work)
      const child = spawn(process.execPath, ['--input-type=module', '-e', WRITER(local), dir, work, name, first], {
        stdio: ['ignore', 'pipe', 'pipe'],
      })
      living.add(child)
      child.stderr.setEncoding('utf8').on('data', (text: string) => found.push(`a writer said: ${text}`))
      let rest = ''
      child.stdout.setEncoding('utf8').on('data', (text: string) => {
        const lines = (rest + text).split('\n')
        rest = lines.pop() ?? ''
        for (const line of lines) {
          const [kind, what = ''] = line.split(' ')
          if (kind === 'tag' || kind === 'record' || kind === 'release') said[kind].add(what)
          acknowledged++
          longest = Math.max(longest, Date.now() - lastSaid)
          lastSaid = Date.now()
        }
        if (acknowledged >= writes) {
          for (const one of living) one.kill('SIGKILL')
          return
        }
        if (acknowledged < nextKill) return
        nextKill = acknowledged + 1 + Math.floor(random() * 2 * every)
        kills++
        // Somewhere in the middle of whatever it does.
        setTimeout(() => [...living][Math.floor(random() * living.size)]?.kill('SIGKILL'), random() * 20)
      })
      child.once('close', () => {
        living.delete(child)
        if (acknowledged < writes) void start()
        else if (living.size === 0) resolve()
      })
    }
    for (let index = 0; index < 4; index++) void start()
  })
  if (longest > 8000) found.push(`a killed writer kept the others out for ${longest} ms`)
  found.push(...(await whatIsLost(dir, first, said)))
  return { kills, violations: found }
}

async function seedStore(base: string, dir: string): Promise<string> {
  const { packTree } = await import('../../src/local/pack.ts')
  const work = join(base, 'first')
  await mkdir(work)
  await writeFile(join(work, 'file'), 'first')
  const packed = await packTree({ dir: work, storeDir: dir, app: 'shop' })
  const { release } = await (await openStore(dir)).add(packed, {
    app: 'shop',
    version: '0.1.0',
    tags: [],
    builder: null,
    git: null,
  })
  return release.id
}

/** Each acknowledged change is there, each record's tarball is whole, and each tarball has a record or is told of. */
async function whatIsLost(
  dir: string,
  first: string,
  said: Readonly<Record<'tag' | 'record' | 'release', ReadonlySet<string>>>,
): Promise<readonly string[]> {
  const beganAt = Date.now()
  const store = await openStore(dir)
  await store.tag(first, 'afterwards')
  const found = Date.now() - beganAt > 8000 ? [`the lock is stuck: ${Date.now() - beganAt} ms`] : []
  const tags = new Set(store.find(first).tags)
  const targets = new Set(store.deployments().map(({ target }) => target))
  const ids = new Set(store.list().map(({ id }) => id))
  for (const tag of said.tag) if (!tags.has(tag)) found.push(`the tag ${tag} is lost`)
  for (const target of said.record) if (!targets.has(target)) found.push(`the deployment ${target} is lost`)
  for (const id of said.release) if (!ids.has(id)) found.push(`the release ${id} is lost`)
  for (const release of store.list()) await store.check(release).catch((error: Error) => found.push(error.message))
  const { warnings } = await openStore(dir)
  for (const name of await readdir(join(dir, 'releases/shop'))) {
    const [id = '', ending = ''] = name.split(/\.(.*)/s)
    if (ending.startsWith('tar.') && !ids.has(id) && !warnings.some((warning) => warning.includes(name)))
      found.push(`nothing is said of ${name}`)
  }
  for (const warning of warnings) if (!warning.startsWith('no record knows')) found.push(warning)
  return found
}
