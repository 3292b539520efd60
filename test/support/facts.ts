import { type HostRelease, NO_STATE } from '../../src/model/host-state.ts'
import type { Entry } from '../../src/model/merged-history.ts'
import type { Facts } from '../../src/model/plan.ts'
import type { Host, Target } from '../../src/model/target.ts'

/** All that an agent needs. */
export const TOOLS: readonly string[] = [
  ...'awk cat chmod cmp cp cut date dd df find grep gzip ln ls mkdir mkfifo mv readlink rm rmdir sed sha256sum sleep sort sync tail tar tr uname wc'.split(
    ' ',
  ),
  'head -c',
  'xargs -0',
]

/** A release on a host, `good` where nothing else is said. */
export function onHost(id: string, rest: Partial<HostRelease> = {}): HostRelease {
  return { id, dir: id, version: `v${id.slice(12, 14)}`, digest: `sha256:${id}`, state: 'good', ...rest }
}

/** What a host says of itself: these releases, the last one of `served` current. */
export function factsWith(releases: readonly HostRelease[], served: readonly string[], rest: Partial<Facts> = {}): Facts {
  const current = releases.find(({ id }) => id === served.at(-1))
  return {
    root: '/srv/shop',
    exists: true,
    writable: true,
    format: 1,
    identity: { app: 'shop', target: 'prod' },
    seq: 7,
    time: 1_700_000_000,
    system: 'Linux x86_64',
    libcs: ['glibc'],
    user: { name: 'deploy', root: false, lingers: false, sudo: false },
    systemd: true,
    unit: null,
    boot: null,
    appEnv: null,
    app: null,
    cookies: [],
    tools: TOOLS,
    freeBytes: 1e12,
    freeInodes: 1e9,
    partial: { bytes: 0, inodes: 0 },
    mount: '/srv',
    current: current ? { kind: 'link', dir: current.dir } : { kind: 'none' },
    dirs: releases.map(({ dir }) => dir),
    inUse: null,
    signatures: [],
    manifests: releases.map(({ id }) => id),
    overlays: [],
    rendered: [],
    state: { ...NO_STATE, releases, served, since: 1_600_000_000, by: 'bob' },
    lock: null,
    frozen: null,
    unsettled: null,
    litter: false,
    history: [],
    ...rest,
  }
}

export const HOST: Host = {
  name: 'web1',
  host: 'web1',
  user: 'deploy',
  port: 22,
  path: '/srv/shop',
  env: {},
  tags: [],
  identity: undefined,
}
export const TARGET: Target = {
  name: 'prod',
  app: 'shop',
  path: '/srv/shop',
  hosts: [HOST],
  keep: 2,
  hooks: {},
  confirmSeconds: 60,
}

/** Ids a second apart, oldest first. */
export const [A, B, C, D] = [
  '20260101000001-aaaaaaaa',
  '20260101000002-bbbbbbbb',
  '20260101000003-cccccccc',
  '20260101000004-dddddddd',
] as const

/** What a host's history tells of a deploy that went well. */
export const ENTRY: Entry = {
  at: '2026-10-20T12:00:00.000Z',
  rollout: 'a',
  target: 'prod',
  host: 'web1',
  action: 'deploy',
  release: '20261020120000-aaaaaaaa',
  version: '1.4.0',
  by: 'ana@laptop',
  from: 'laptop',
  ok: true,
  durationMs: 4000,
  result: '',
}
