import { join, resolve } from 'node:path'
import { loadConfig, pickTargets } from '../local/config.ts'
import { bringBackup, keepNewest } from '../local/fetched.ts'
import { ReleaserError } from '../model/errors.ts'
import { madeAt } from '../model/job.ts'
import { count, size } from '../model/size.ts'
import type { Target } from '../model/target.ts'
import { fetchBackup } from '../remote/backups.ts'
import { inParallel } from '../rollout/parallel.ts'
import { chosenOn, type OnHost } from './backup-choice.ts'
import type { Call, Outcome } from './command.ts'
import { destinations, labels } from './destinations.ts'
import { withHosts } from './with-hosts.ts'

/** Hosts at once: more do not make a line faster. */
const AT_ONCE = 4

/** `releaser backup-fetch`: a backup of each host comes here, into a folder of that host's. */
export async function run(call: Call): Promise<Outcome> {
  const { values } = call
  const loaded = await loadConfig({ file: call.globals.config, cwd: process.cwd() })
  const targets = await pickTargets(loaded, values['target'], call.signal)
  const folderOf = (target: Target): string => {
    if (values['to'] !== undefined) return resolve(values['to'])
    if (target.backup?.fetch) return resolve(loaded.dir, target.backup.fetch.to)
    throw new ReleaserError('USAGE', `nothing says where backups of ${target.name} are to come`, {
      hint: "name a folder: to=backups; or write backup: { fetch: { to: 'backups', keep: 7 } } in the target",
    })
  }
  const folders = new Map(targets.map((target) => [target.name, folderOf(target)]))
  const placeOf = ({ asked }: OnHost) => join(folders.get(asked.target.name) ?? '.', folderName(asked.host.name))
  const act = async (chosen: readonly OnHost[]): Promise<Outcome> => {
    if (call.globals.dryRun) {
      const lines = chosen.map(
        (one) => `${one.asked.host.name}: would fetch ${one.backup.name} to ${placeOf(one)}, ${size(one.backup.bytes)}`,
      )
      return { result: { dryRun: true, fetched: [] }, text: lines.join('\n') }
    }
    const rows = call.ui.rows(labels(chosen.map(({ asked }) => asked)))
    const ends = await inParallel(chosen, AT_ONCE, (one) => fetchOne(call, one, placeOf(one)).catch(failed)).finally(() =>
      rows.close(),
    )
    const fetched = ends.flatMap((end) => (end instanceof ReleaserError ? [] : [end]))
    const result = { changed: fetched.some(({ changed }) => changed), fetched }
    const errors = ends.filter((end) => end instanceof ReleaserError)
    const [first] = errors
    if (first)
      throw new ReleaserError(first.code, errors.map(({ message }) => message).join('; '), {
        hint: first.hint,
        cause: first,
        result,
      })
    const lines = fetched.map(({ host, file, bytes, changed, removed }) =>
      [
        `${host}: ${file}, ${size(bytes)}`,
        !changed && 'was here already',
        removed.length > 0 && `removed ${count(removed.length, 'older one')}`,
      ]
        .filter(Boolean)
        .join(', '),
    )
    return { result, text: lines.join('\n') }
  }
  return withHosts(
    call,
    destinations(targets, values['host']),
    async ({ hosts }) => act(await chosenOn(call, hosts, values['backup'])),
    {
      aside: true,
    },
  )
}

/** One host's failure keeps no other's backup from coming. */
function failed(error: unknown): ReleaserError {
  if (error instanceof ReleaserError) return error
  throw error
}

/** What a host is called as a folder. */
function folderName(host: string): string {
  return host.replaceAll(/[^\w.@:[\]-]/g, '_')
}

async function fetchOne(call: Call, { asked, backup }: OnHost, dir: string) {
  const { ui, signal } = call
  const { host, target, remote } = asked
  const { name, bytes, sha256 } = backup
  const step = { event: 'step', host: host.name, step: 'download' } as const
  ui.observe({ ...step, state: 'start' })
  try {
    const changed = await bringBackup({
      ...{ dir, name, sha256, signal },
      from: (offset) => fetchBackup(remote, host.path, name, offset),
      onProgress: (done, total) => ui.observe({ event: 'progress', host: host.name, step: 'download', done, total }),
    })
    const keep = target.backup?.fetch?.keep
    const removed = keep === undefined ? [] : await keepNewest(dir, { app: target.app, target: target.name, keep })
    ui.observe({ ...step, state: 'ok' })
    return {
      target: target.name,
      host: host.name,
      name,
      at: madeAt(name),
      bytes,
      sha256,
      file: join(dir, name),
      changed,
      removed,
    }
  } catch (error) {
    ui.observe({ ...step, state: 'failed' })
    if (!(error instanceof ReleaserError)) throw error
    throw new ReleaserError(error.code, `${host.name}: ${error.message}`, { hint: error.hint, cause: error })
  }
}
