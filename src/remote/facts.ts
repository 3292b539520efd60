import { decodeState } from '../model/host-state.ts'
import type { Facts, HistoryEntry, Lock } from '../model/plan.ts'

/** What `status` printed, as Facts. Undefined when its last line is missing: then the line was lost on the way. */
export function parseFacts(lines: readonly string[]): Facts | undefined {
  const rows = lines.map((line) => line.split('\t'))
  if (rows.at(-1)?.[0] !== 'end') return undefined
  const all = (key: string) => rows.filter(([first]) => first === key).map((row) => row.slice(1))
  const one = (key: string) => all(key)[0]?.[0]
  const number = (text: string | undefined) => (text !== undefined && /^\d+$/.test(text) ? Number(text) : null)
  const kilobytes = number(one('disk'))
  const [app, target] = all('identity')[0] ?? []
  return {
    root: one('root') ?? '',
    exists: one('exists') === 'yes',
    writable: one('writable') === 'yes',
    format: one('format') === undefined ? null : (number(one('format')) ?? Number.POSITIVE_INFINITY),
    identity: app && target ? { app, target } : null,
    seq: number(one('seq')) ?? 0,
    time: number(one('time')) ?? 0,
    system: one('system') ?? '',
    libcs: all('libc').flatMap(([name]) => (name === 'glibc' || name === 'musl' ? [name] : [])),
    user: { name: one('user') ?? '', root: all('user')[0]?.[1] === '0', lingers: one('lingers') === 'yes' },
    systemd: one('systemd') === 'yes',
    boot: bootOf(one('boot'), all('booted')),
    appEnv: one('app-env') ?? null,
    app: appOf(all('app')[0]),
    tools: all('tool').map(([name = '']) => name),
    freeBytes: kilobytes === null ? null : kilobytes * 1024,
    freeInodes: number(one('inodes')),
    mount: all('disk')[0]?.[1] ?? null,
    partial: {
      bytes: all('partial').reduce((sum, [kilobytes]) => sum + (Number(kilobytes) || 0) * 1024, 0),
      inodes: all('partial').reduce((sum, [, inodes]) => sum + (Number(inodes) || 0), 0),
    },
    current: currentOf(all('current')[0]),
    dirs: all('dir').map(([name = '']) => name),
    manifests: all('manifest').map(([id = '']) => id),
    overlays: all('overlay').map(([dir = '', path = '', , , , target = '']) => ({ dir, path, target })),
    state: decodeState(all('state').map((row) => row.join('\t'))),
    lock: lockOf(all('lock')[0]),
    frozen: lockOf(all('frozen')[0], true),
    unsettled: one('unsettled') ?? null,
    litter: one('litter') !== undefined,
    history: all('history').flatMap((row) => historyOf(row) ?? []),
  }
}

function appOf(words: readonly string[] | undefined): Facts['app'] {
  const [pid = '', dir] = words ?? []
  return /^\d+$/.test(pid) && dir ? { pid: Number(pid), dir } : null
}

function bootOf(kind: string | undefined, lines: readonly (readonly string[])[]): Facts['boot'] {
  if (kind === undefined || lines.length === 0) return null
  return { kind, text: lines.map((words) => `${words.join('\t')}\n`).join('') }
}

/** The holder of a lock, from the words of its token. */
export function lockOf(words: readonly string[] | undefined, frozen = false): Lock | null {
  if (!words) return null
  const [by = '', since = '0', message = '', where = '', kind] = words
  return { by: by || 'somebody', since: Number(since) || 0, message, where, frozen: frozen || kind === 'frozen' }
}

function currentOf(words: readonly string[] | undefined): Facts['current'] {
  const [kind, what = ''] = words ?? []
  if (kind === undefined) return { kind: 'none' }
  const dir = kind === 'link' ? /^releases\/([^/]+)$/.exec(what)?.[1] : undefined
  return dir === undefined ? { kind: 'foreign', what: kind === 'link' ? `a link to ${what}` : what } : { kind: 'link', dir }
}

function historyOf(words: readonly string[]): HistoryEntry | undefined {
  const [at, transaction = '', action = '', release, previous, by = '', from = '', ok, seconds, result = ''] = words
  if (!/^\d+$/.test(at ?? '')) return undefined
  return {
    at: Number(at),
    transaction,
    action,
    release: release === '-' ? null : (release ?? null),
    previous: previous === '-' ? null : (previous ?? null),
    by,
    from,
    ok: ok === 'ok',
    seconds: Number(seconds) || 0,
    result,
  }
}
