import { type Commit, commitsBetween } from '../local/git.ts'
import { ReleaserError } from '../model/errors.ts'
import { calledSo } from '../model/host-state.ts'
import { type FileChange, fileChanges } from '../model/manifest-change.ts'
import { count, size } from '../model/size.ts'
import { oneLine } from '../ui/sanitize.ts'
import { table } from '../ui/table.ts'
import type { Call, Outcome } from './command.ts'
import { commitsShown } from './commits.ts'
import { type Side, treeOnHosts } from './host-tree.ts'
import { openPlace, type Place, releaseMeant } from './place.ts'

/** `releaser diff`: what is other in a release than in another one, from the store or from hosts. */
export async function run(call: Call): Promise<Outcome> {
  const place = await openPlace(call, false)
  const { values } = call
  const [to, from] =
    values['target'] === undefined
      ? await inStore(call, place)
      : await treeOnHosts(call, place, [values['release'] ?? 'latest', values['with'] ?? 'current'])
  if (!to || !from) throw new TypeError('two sides were asked for')
  const changes = fileChanges(from.manifest, to.manifest)
  const dir = place.loaded?.dir ?? process.cwd()
  const commits = from.git && to.git ? await commitsBetween(dir, from.git.rev, to.git.rev) : null
  const sides = { release: name(to), with: name(from) }
  return { result: { ...sides, changes, ...sums(changes), commits }, text: shown(from, to, changes, commits) }
}

function name({ id, version }: Side) {
  return { id, version }
}

async function inStore(call: Call, place: Place): Promise<readonly Side[]> {
  const { store } = place
  const release = releaseMeant(place, call)
  const other = call.values['with']
  const before = store.list(release.app).find(({ createdAt, id }) => id !== release.id && createdAt <= release.createdAt)
  const base = other === undefined ? before : releaseMeant(place, { values: { ...call.values, release: other } })
  if (!base)
    throw new ReleaserError('NOT_FOUND', `there is no release before ${release.version} (${release.id})`, {
      hint: 'name the other one: with=REF',
    })
  return Promise.all([release, base].map(async (one) => ({ ...one, manifest: await store.manifest(one) })))
}

function sums(changes: readonly FileChange[]) {
  const of = (kind: FileChange['kind']) => changes.filter((change) => change.kind === kind).length
  const bytes = changes.reduce((sum, { from, to }) => sum + (to ?? 0) - (from ?? 0), 0)
  return { added: of('added'), removed: of('removed'), changed: of('changed'), bytes }
}

const MARKS = { added: '+', removed: '-', changed: '~' } as const

function shown(from: Side, to: Side, changes: readonly FileChange[], commits: readonly Commit[] | null): string {
  const head = `${calledSo(from)} -> ${calledSo(to)}`
  if (changes.length === 0) return `${head}\n\nthe same files${below(commitsShown(commits))}`
  const { added, removed, changed, bytes } = sums(changes)
  const grown = bytes === 0 ? 'as big' : `${size(Math.abs(bytes))} ${bytes > 0 ? 'more' : 'less'}`
  const rows = changes.map((change) => [MARKS[change.kind], oneLine(change.path), sizes(change)])
  const list = table(['', 'path', 'size'], rows, ['size'])
  return `${head}\n\n${list}\n\n${count(added, 'file')} added, ${removed} removed, ${changed} changed: ${grown}${below(commitsShown(commits))}`
}

function sizes({ from, to, what, kind }: FileChange): string {
  if (kind === 'changed' && what !== 'content') return `another ${what}`
  if (from === null || to === null) return size(from ?? to ?? 0)
  return from === to ? size(to) : `${size(from)} -> ${size(to)}`
}

function below(texts: readonly string[]): string {
  return texts.map((text) => `\n\n${text}`).join('')
}
