import { decodeState } from '../model/host-state.ts'
import type { Facts, HistoryEntry, Lock } from '../model/plan.ts'
import { isReleaseId } from '../model/release.ts'
import type { UnitKind } from '../model/service.ts'
import { isBlob, tidyComment } from '../model/signature.ts'

/** What `status` printed, as Facts. Undefined when its last line is missing: then the line was lost on the way. */
export function parseFacts(lines: readonly string[]): Facts | undefined {
  const rows = lines.map((line) => line.split('\t'))
  if (rows.at(-1)?.[0] !== 'end') return undefined
  const all = (key: string) => rows.filter(([first]) => first === key).map((row) => row.slice(1))
  const one = (key: string) => all(key)[0]?.[0]
  const number = (text: string | undefined) => (text !== undefined && /^\d+$/.test(text) ? Number(text) : null)
  const laid = (type: string) => all('overlay').filter((row) => row[2] === type)
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
    user: {
      name: one('user') ?? '',
      root: all('user')[0]?.[1] === '0',
      lingers: one('lingers') === 'yes',
      sudo: one('sudo') === 'yes',
    },
    systemd: one('systemd') === 'yes',
    unit: unitOf(all('unit')[0], all('united')),
    boot: bootOf(one('boot'), all('booted')),
    appEnv: one('app-env') ?? null,
    app: appOf(all('app')[0]),
    cookies: all('cookie').map(([id = '', sha256 = '']) => ({ id, sha256 })),
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
    inUse:
      one('in-use') === undefined
        ? null
        : all('in-use')
            .slice(1)
            .map(([dir = '']) => dir),
    manifests: all('manifest').map(([id = '']) => id),
    signatures: all('signature').flatMap(([id = '', blob = '', comment = '-']) =>
      isReleaseId(id) && isBlob(blob) ? [{ id, blob, comment: comment === '-' ? '' : tidyComment(comment) }] : [],
    ),
    overlays: laid('l').map(([dir = '', path = '', , , , target = '']) => ({ dir, path, target })),
    rendered: laid('f').map(([dir = '', path = '', , , , , mark = '']) => ({ dir, path, mark })),
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
  return kind === undefined || lines.length === 0 ? null : { kind, text: textOf(lines) }
}

const UNIT_KINDS: readonly string[] = ['systemd', 'systemd-user', 'systemd-sudo'] satisfies readonly UnitKind[]

function unitOf(words: readonly string[] | undefined, lines: readonly (readonly string[])[]): Facts['unit'] {
  const [kind = '', name = '', active] = words ?? []
  if (!UNIT_KINDS.includes(kind)) return null
  return { kind: kind as UnitKind, name, active: active === 'active', text: lines.length === 0 ? null : textOf(lines) }
}

function textOf(lines: readonly (readonly string[])[]): string {
  return lines.map((words) => `${words.join('\t')}\n`).join('')
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
