import { loadConfig, targetsOrAll } from '../local/config.ts'
import { pageFile, writePage } from '../local/page-file.ts'
import type { Glance } from '../model/glance.ts'
import type { Release } from '../model/release.ts'
import { count } from '../model/size.ts'
import { BEGINNING, page } from '../ui/page/page.ts'
import type { PageRelease } from '../ui/page/releases.ts'
import { oneLine } from '../ui/sanitize.ts'
import { ownVersion } from './about.ts'
import type { Call, Outcome } from './command.ts'
import { destinations } from './destinations.ts'
import { demandAnswers, factsOf } from './facts-of.ts'
import { glanceOf } from './glance.ts'
import { recallOf } from './memory.ts'
import { openStoreAt } from './place.ts'
import { seeHost } from './see-host.ts'

/** `releaser report html=FILE`: a page about what is live where, and what happened there. Written even where a host does not answer. */
export async function run(call: Call): Promise<Outcome> {
  const { values, globals } = call
  const file = await pageFile(values['html'] ?? '', BEGINNING)
  const loaded = await loadConfig({ file: globals.config, cwd: process.cwd() })
  const targets = await targetsOrAll(loaded, values['target'], call.signal)
  const store = await openStoreAt(loaded.storeDir, call)
  const apps = new Set(targets.map(({ app }) => app))
  const releases = store.list().filter(({ app }) => apps.has(app))
  const versions = new Map(releases.map(({ id, version }) => [id, version]))

  const answers = await factsOf(call, destinations(targets, values['host'], recallOf(store)), (asked) => seeHost(call, asked))
  const glances = answers.map((answer) => glanceOf(answer, answer.seen, versions))
  const shown = releases.map((release) => pageRelease(release, glances))
  await writePage(file, page({ at: Date.now(), version: ownVersion(), glances, releases: shown }))
  const hosts = glances.map(({ target, host, silent }) => ({ target, host, reachable: silent === null }))
  const result = { file: file.path, hosts }
  const silent = hosts.filter(({ reachable }) => !reachable).length
  const without = silent === 0 ? '' : `, ${silent} of them without an answer`
  call.ui.data(`${oneLine(file.path)}: ${count(targets.length, 'target')}, ${count(hosts.length, 'host')}${without}`)
  demandAnswers(call, answers, result)
  return { result, text: '' }
}

function pageRelease(release: Release, glances: readonly Glance[]): PageRelease {
  const { app, id, version, createdAt, bytes, unpackedBytes, files, tags } = release
  const live = glances.filter(({ serves }) => serves?.id === id)
  const builtAt = Date.parse(createdAt)
  return { app, id, version, builtAt, bytes, unpackedBytes, files, tags, liveOn: live.map((one) => `${one.target}/${one.host}`) }
}
