import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough, Readable } from 'node:stream'
import { afterAll, expect, test } from 'vitest'
import { ReleaserError } from '../../src/model/errors.ts'
import type { HttpCheck } from '../../src/model/health.ts'
import { viewOf } from '../../src/model/host-view.ts'
import type { Manifest } from '../../src/model/manifest.ts'
import type { Plan } from '../../src/model/plan.ts'
import { isReleaseId } from '../../src/model/release.ts'
import { agentAt } from '../../src/remote/agent.ts'
import { fetchBackup, layOut, lookInto, sendBackup } from '../../src/remote/backups.ts'
import { bringAgent } from '../../src/remote/bring-agent.ts'
import { buildAt } from '../../src/remote/build-host.ts'
import { lookCloser } from '../../src/remote/closer.ts'
import { fetchRelease } from '../../src/remote/download.ts'
import { jobLog, lookAtJobs, runJob } from '../../src/remote/jobs.ts'
import { probe } from '../../src/remote/probe.ts'
import type { Remote } from '../../src/remote/remote.ts'
import { lookClosely } from '../../src/remote/verify.ts'
import { seeded } from '../fault/random.ts'

const CONVERSATIONS = 6000
const random = seeded('fuzzed agents')
const dir = mkdtempSync(join(tmpdir(), 'releaser-fuzz-'))
afterAll(() => rmSync(dir, { recursive: true }))

const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)] as T
const some = (most: number): number => Math.floor(random() * (most + 1))

/** Words of the language of hosts, and what is none. */
const WORDS = [
  ...'@ end locked wait out start ok failed note undone need send manifest verified damaged mismatch differs list dir seq finding'.split(
    ' ',
  ),
  ...'root exists yes no format identity time system user unit app-env app cookie tool disk inodes current link dir in-use known'.split(
    ' ',
  ),
  ...'state version release served pinned since settings hooks lock frozen unsettled history overlay l f partial confirmed late'.split(
    ' ',
  ),
  ...'wall way backup job run started exit good alive about dump go file none building built folder broken refused done ready'.split(
    ' ',
  ),
  ...[
    '1',
    '0',
    '-1',
    '1-3',
    '99999999999999999999',
    '1e9',
    'NaN',
    'Infinity',
    '-',
    '',
    '..',
    '../../etc/x',
    '/etc/passwd',
    '~',
    '__proto__',
  ],
  ...[
    '20261120101010-0123abcd',
    '20261120101010-0123abcd~2',
    'releases/20261120101010-0123abcd',
    'good',
    'changed',
    'status',
    'jobs',
  ],
  ...['\u001b[2J', '\u0000', '\r', '\u202e', 'x'.repeat(5000), '\ud800', '$(touch hit)', 'constructor', 'hasOwnProperty'],
]
const REAL = [
  'version\t1',
  'state\tversion\t1',
  'state\trelease\t20261120101010-0123abcd\t20261120101010-0123abcd\t1.0.0\tsha256:aa\tgood',
  'state\trelease\t../../evil\t20261120101010-0123abcd\t1.0.0\tsha256:aa\tgood',
  'state\tserved\t20261120101010-0123abcd',
  'state\tend',
  'dir\t20261120101010-0123abcd',
  'manifest\t20261120101010-0123abcd',
  'current\tlink\treleases/20261120101010-0123abcd',
  'identity\tshop\tprod',
  'end\tstatus',
  '@\tlocked',
  '@\tmanifest',
  '@\tsend',
  '@\tend\tdone',
  '@\tend\tverified',
  'end\t0',
  'file\t7\tabc',
  'list\t20',
]

function line(): string {
  if (random() < 0.4) return pick(REAL)
  return Array.from({ length: 1 + some(6) }, () => pick(WORDS)).join('\t')
}

/** What a host says: lines, some of them bent, and rubbish; now and then a line that has no end. */
function said(): Buffer {
  const text = Buffer.from(`${Array.from({ length: some(12) }, line).join('\n')}${pick(['\n', '\n', '', '\0'])}`)
  for (let bent = some(3); bent > 0 && text.length > 0 && random() < 0.5; bent--) text[some(text.length - 1)] = some(255)
  if (random() < 0.01) return Buffer.concat([text, Buffer.alloc(300_000, 'x')])
  return random() < 0.5 ? text : Buffer.concat([text, Buffer.from('end\tstatus\n@\tend\tundone\twhy\nend\t0\n')])
}

/** A line to a host that greets us as it should, then says this, and ends. */
function fuzzed(bytes: Buffer, greets = true): Remote {
  return {
    exec: async () => {
      const [stdin, stdout, stderr] = [new PassThrough(), new PassThrough(), new PassThrough()]
      let heard = ''
      stdin.on('data', (chunk: Buffer) => {
        if (heard.includes('\n')) return
        heard += chunk.toString('latin1')
        if (!heard.includes('\n')) return
        if (greets) stdout.write(`releaser ${heard.slice(0, heard.indexOf('\n'))} ready\n`)
        stdout.end(bytes)
        stderr.end(bytes.subarray(0, 200))
      })
      const destroy = () => {
        for (const stream of [stdin, stdout, stderr]) stream.destroy()
      }
      return { stdin, stdout, stderr, exit: Promise.resolve({ code: some(255), signal: null }), resize: () => {}, destroy }
    },
    forward: async () => {
      const stream = new PassThrough()
      stream.end(Buffer.concat([Buffer.from(pick(['', 'HTTP/1.1 200 OK\r\n', 'HTTP/1.1 ', 'HTTP/1.1 200 OK\r\n\r\n'])), bytes]))
      return { stream }
    },
    sentBytes: () => 0,
    closed: new Promise(() => {}),
    close: async () => {},
  }
}

const manifest: Manifest = [{ type: 'file', path: 'a', mode: 0o644, size: 1, sha256: 'a'.repeat(64) }]
const plan = {
  action: 'deploy',
  app: 'shop',
  target: 'prod',
  release: null,
  from: null,
  seq: 0,
  env: {},
  appEnv: {},
  services: { old: null, new: null },
  next: { releases: [], served: [], pinned: [], since: null, by: null },
  failed: { releases: [], served: [], pinned: [], since: null, by: null },
  bad: { releases: [], served: [], pinned: [], since: null, by: null },
  back: null,
  steps: [{ step: 'freeze' }],
} as unknown as Plan
const author = { by: 'me', where: 'here', message: '' }
const nothing = () => {}
const events = { step: nothing, output: nothing, note: nothing, undone: nothing }
const check: HttpCheck = { kind: 'http', port: 80, path: '/', host: 'x', expectStatus: null, expectBody: 'ok' } as HttpCheck
const { signal } = new AbortController()
const drained = async (stream: Readable | undefined): Promise<void> => {
  for await (const _ of stream ?? []);
}

/** Each verb that listens to a host. */
const VERBS: Readonly<Record<string, (remote: Remote) => Promise<unknown>>> = {
  status: async (remote) => {
    const { releases, current, served } = viewOf(await agentAt(remote, '/srv/shop').status())
    // Whatever a host says, these become paths and words of ours.
    for (const { id, dir } of [...releases, ...(current ? [current] : [])])
      expect([isReleaseId(id), dir.startsWith(id)]).toEqual([true, true])
    expect(served.every(isReleaseId)).toBe(true)
  },
  run: async (remote) => {
    const run = await agentAt(remote, '/srv/shop').run(plan, 'abc', author, events)
    await Promise.all([run.reached('locked'), run.ended])
  },
  receive: (remote) =>
    agentAt(remote, '/srv/shop').receive({
      ...{ transaction: 'abc', digest: 'sha256:aa', manifest, base: null, wire: 'gzip' },
      transfer: { base: null, reuse: { by: 'copy', from: [] } } as never,
      open: () => Readable.from([Buffer.from('x')]),
    }),
  confirm: (remote) => agentAt(remote, '/srv/shop').confirm('abc'),
  exec: async (remote) => drained((await agentAt(remote, '/srv/shop').exec(['ls'], {}, nothing)).stdout),
  agent: (remote) => bringAgent(remote, '/srv/shop'),
  verify: (remote) => lookClosely(remote, '/srv/shop', [{ id: 'a', dir: 'a' }], signal),
  download: async (remote) => drained((await fetchRelease(remote, '/srv/shop', { id: 'a', dir: 'a' }, 'gzip'))?.stream),
  jobs: (remote) => lookAtJobs(remote, '/srv/shop', signal),
  log: (remote) => jobLog(remote, '/srv/shop', { job: 'backup', lines: 5 }, signal),
  job: (remote) => runJob(remote, '/srv/shop', { job: 'backup', rows: null }, signal),
  fetch: async (remote) => drained((await fetchBackup(remote, '/srv/shop', 'x', 0))?.stream),
  look: (remote) => lookInto(remote, '/srv/shop', 'x', signal),
  unpack: async (remote) => (await layOut(remote, '/srv/shop', { key: 'k', name: 'x', from: 'here' }, signal)).release(),
  send: (remote) =>
    sendBackup(
      remote,
      '/srv/shop',
      { name: 'x', bytes: 1, sha256: 'a', open: () => Readable.from([Buffer.from('x')]) },
      signal,
      nothing,
    ),
  closer: (remote) => lookCloser(remote, '/srv/shop', { sudo: [], asks: [], env: {}, seconds: 5 }, signal),
  probe: (remote) => probe(remote, check, 5),
  build: (remote) =>
    buildAt(remote, '/srv/build', {
      ...{ author, run: 'make', dir: '', output: 'out', env: {}, clean: null, sources: manifest },
      pack: async () => ({ file: '/dev/null', bytes: 0 }),
      into: join(dir, String(random())),
    }),
}

test(`${CONVERSATIONS} fuzzed hosts, spread over every verb: each ends, with an answer or in words`, async () => {
  const ends = { answered: 0, refused: 0 }
  for (let turn = 0; turn < CONVERSATIONS; turn++) {
    const [name, verb] = pick(Object.entries(VERBS))
    const bytes = said()
    const ended = await Promise.race([
      verb(fuzzed(bytes, random() < 0.95)).then(
        () => 'answered' as const,
        (error: unknown) => error,
      ),
      new Promise<'hangs'>((late) => setTimeout(() => late('hangs'), 30_000).unref()),
    ])
    if (ended === 'answered') ends.answered++
    else if (ended instanceof ReleaserError && ended.code !== 'BUG') ends.refused++
    else
      throw new Error(`${name} after ${JSON.stringify(bytes.toString('latin1').slice(0, 2000))}: ${String(ended)}`, {
        cause: ended,
      })
  }
  console.log('fuzzed hosts:', ends)
  expect(ends.answered).toBeGreaterThan(CONVERSATIONS / 10)
  expect(ends.refused).toBeGreaterThan(CONVERSATIONS / 10)
})
