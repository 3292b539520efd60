import { describe, expect, it } from 'vitest'
import { NO_STATE } from '../../src/model/host-state.ts'
import type { Facts } from '../../src/model/plan.ts'
import type { Target } from '../../src/model/target.ts'
import { type DeployInput, planDeploy } from '../../src/tasks/deploy.ts'
import { envHash } from '../../src/tasks/service.ts'
import { A, B, C, factsWith, HOST, onHost, TARGET } from '../support/facts.ts'

function plan(facts: Facts, release: string, rest: Partial<DeployInput> = {}, target: Partial<Target> = {}) {
  const wanted = {
    id: release,
    version: '2.0.0',
    digest: `sha256:${release}`,
    manifest: [{ type: 'file', path: 'a', mode: 0o644, size: 5, sha256: '0' }],
    platforms: ['x86_64/glibc'],
  } as const
  return planDeploy({
    action: 'deploy',
    target: { ...TARGET, ...target },
    host: HOST,
    release: wanted,
    facts,
    knownManifests: new Set([A, B]),
    force: false,
    by: 'ana',
    dryRun: false,
    ...rest,
  })
}

describe('planDeploy', () => {
  it('sends a release, switches, confirms, and prunes what falls out of keep', () => {
    const made = plan(factsWith([onHost(A), onHost(B)], [A, B]), C)
    expect(made.steps).toEqual([
      { step: 'receive', release: C, digest: `sha256:${C}` },
      { step: 'publish', release: C, dir: C, digest: `sha256:${C}` },
      { step: 'await', word: 'activate' },
      { step: 'activate', dir: C, from: B },
      { step: 'confirm', seconds: 60 },
      { step: 'prune', dirs: [A] },
    ])
    expect(made.transfer).toEqual({
      base: B,
      reuse: {
        from: [
          { id: B, dir: B },
          { id: A, dir: A },
        ],
        by: 'copy',
      },
    })
    expect(made.next).toEqual({
      releases: [onHost(B), { id: C, dir: C, version: '2.0.0', digest: `sha256:${C}`, state: 'good' }],
      served: [B, C],
      pinned: [],
      since: 1_700_000_000,
      by: 'ana',
    })
    expect(made.failed.releases.at(-1)).toMatchObject({ id: C, state: 'failed' })
    expect(made.bad.releases.at(-1)).toMatchObject({ id: C, state: 'bad' })
    expect([made.failed.served, made.bad.served]).toEqual([
      [A, B],
      [A, B],
    ])
  })

  it.each([
    ['staged', 'failed', 'bad'],
    ['failed', 'failed', 'bad'],
    ['bad', 'bad', 'bad'],
    ['good', 'good', 'good'],
  ] as const)('remembers of a release that was %s: %s where it fails before the switch, %s after it', (state, failed, bad) => {
    const made = plan(factsWith([onHost(A), onHost(B, { state })], [A]), B)
    const states = [made.failed, made.bad].map(({ releases }) => releases.find(({ id }) => id === B)?.state)
    expect(states).toEqual([failed, bad])
  })

  it('never takes its name from a good release that is laid out again', () => {
    const made = plan(factsWith([onHost(A), onHost(B)], [A, B]), B, { force: true })
    expect(made.bad.releases.map(({ dir, state }) => [dir, state])).toEqual([
      [B, 'good'],
      [A, 'good'],
      [`${B}~2`, 'bad'],
    ])
  })

  it('has nothing to do where the release serves already', () => {
    const made = plan(factsWith([onHost(A), onHost(B)], [A, B]), B)
    expect([made.steps, made.transfer, made.next.since]).toEqual([[], null, 1_600_000_000])
  })

  it('sends nothing where the release is there but does not serve', () => {
    const made = plan(factsWith([onHost(A), onHost(B)], [B]), A)
    expect(made.steps.map(({ step }) => step)).toEqual(['await', 'activate', 'confirm'])
    expect(made.next.served).toEqual([B, A])
  })

  it('lays the release out again when it is forced, from what is there, and leaves previous as it was', () => {
    const made = plan(factsWith([onHost(A), onHost(B)], [A, B]), B, { force: true })
    expect(made.steps.find(({ step }) => step === 'publish')).toMatchObject({ dir: `${B}~2` })
    expect(made.next.served).toEqual([A, B])
    expect(made.steps.at(-1)).toEqual({ step: 'prune', dirs: [B] })
  })

  it('lays it out again when other shared links are asked for', () => {
    const facts = factsWith([onHost(A)], [A], { overlays: [{ dir: A, path: 'log', target: '../../shared/log' }] })
    const made = plan(facts, A, {}, { shared: { dirs: ['log', 'uploads'] } })
    expect(made.steps.slice(0, 3)).toMatchObject([
      { step: 'receive' },
      { step: 'link', dirs: ['log', 'uploads'], files: [] },
      { step: 'publish', dir: `${A}~2` },
    ])
    expect(plan(facts, A, {}, { shared: { dirs: ['log'] } }).steps).toEqual([])
  })

  it('runs hooks where they belong, a string or with a timeout', () => {
    const hooks = {
      'post-upload': 'make',
      'pre-activate': { run: 'stop', timeout: '5s', ignoreFailure: true },
      'post-activate': 'start',
      'pre-deploy': 'here',
    }
    const made = plan(factsWith([], []), A, {}, { hooks })
    expect(made.steps.map((step) => (step.step === 'command' ? step.hook : step.step))).toEqual([
      'receive',
      'publish',
      'post-upload',
      'await',
      'pre-activate',
      'activate',
      'post-activate',
      'confirm',
    ])
    expect(made.steps.find((step) => step.step === 'command' && step.hook === 'pre-activate')).toMatchObject({
      seconds: 5,
      ignoreFailure: true,
      run: 'stop',
      dir: A,
    })
  })

  it.each(['staged', 'failed', 'good', 'bad'] as const)('post-upload in what lies there as %s: until it went well', (state) => {
    const facts = factsWith([onHost(A), onHost(B, { state })], [A])
    const steps = plan(facts, B, {}, { hooks: { 'post-upload': 'make' } }).steps
    const hooks = steps.map((step) => (step.step === 'command' ? step.hook : step.step)).slice(0, 3)
    // It waits until the last host is locked, as what has to be received does anyhow.
    const late = state === 'staged' || state === 'failed'
    expect(hooks).toEqual(late ? ['await', 'post-upload', 'await'] : ['await', 'activate', 'confirm'])
  })

  it('renders templates between the hooks around configuring, anew where what went into them is another', () => {
    const templates = [{ from: 'a.tmpl', to: 'a' }]
    const hooks = { 'pre-configure': 'x', 'post-configure': 'y' }
    const kinds = (made: ReturnType<typeof plan>) => made.steps.map((step) => (step.step === 'command' ? step.hook : step.step))
    const first = plan(factsWith([], []), A, { appEnv: { KEY: 'k' }, secrets: ['KEY'] }, { templates, hooks })
    expect(kinds(first).slice(1, 6)).toEqual(['publish', 'pre-configure', 'configure', 'render', 'post-configure'])
    const step = first.steps.find(({ step }) => step === 'render')
    expect(step).toEqual({ step: 'render', dir: A, templates, mark: expect.stringMatching(/^[0-9a-f]{32}$/), secrets: ['KEY'] })
    const mark = step?.step === 'render' ? step.mark : ''
    const served = factsWith([onHost(A), onHost(B)], [B, A], {
      rendered: [{ dir: A, path: 'a', mark }],
      appEnv: envHash({ KEY: 'k' }),
    })
    const again = (appEnv: Record<string, string>, more = {}, release: string = A) =>
      plan(served, release, { appEnv, secrets: ['KEY'], ...more }, { templates })
    expect(again({ KEY: 'k' }, { dryRun: true }).steps).toEqual([])
    expect(again({ KEY: 'other' }).steps.slice(0, 4)).toMatchObject([
      { step: 'receive' },
      { step: 'publish', dir: `${A}~2` },
      { step: 'configure' },
      { step: 'render', dir: `${A}~2` },
    ])
    expect(plan(served, A, { appEnv: { KEY: 'k' } }, { templates }).steps).not.toEqual([])
    expect(plan(served, A, { appEnv: { KEY: 'k' } }).steps).not.toEqual([])
    const back = again({ KEY: 'k' }, { action: 'rollback' }, B)
    expect(back.steps.slice(0, 3)).toMatchObject([
      { step: 'again', release: B, digest: `sha256:${B}`, from: B, by: 'copy' },
      { step: 'publish', dir: `${B}~2` },
      { step: 'render', dir: `${B}~2` },
    ])
    expect([back.transfer, back.steps.at(-1)]).toEqual([null, { step: 'prune', dirs: [A, B] }])
  })

  it('runs the hooks that a release brings where the configuration has none of that name', () => {
    const file = (path: string, mode: number) => ({ type: 'file', path, mode, size: 1, sha256: '0' }) as const
    const manifest = [file('releaser/hooks/post-activate', 0o755), file('releaser/hooks/pre-activate.sh', 0o644)]
    const release = { id: C, version: '3', digest: 'd', manifest }
    const own = ['x:releaser/hooks/post-activate', 's:releaser/hooks/pre-activate.sh']
    const made = plan(factsWith([onHost(A, { hooks: own })], [A]), C, { release }, { hooks: { 'post-activate': 'mine' } })
    expect(made.steps.flatMap((step) => (step.step === 'command' ? [[step.hook, step.run, step.seconds]] : []))).toEqual([
      ['pre-activate', 'sh ./releaser/hooks/pre-activate.sh', 600],
      ['post-activate', 'mine', 600],
    ])
    expect(made.next.releases.at(-1)).toMatchObject({ id: C, hooks: own })
    expect(made.back).toEqual({
      hooks: [
        ['pre-activate', 'sh ./releaser/hooks/pre-activate.sh'],
        ['post-activate', 'mine'],
      ].map(([hook, run]) => ({ step: 'command', hook, run, dir: A, release: 'old', seconds: 30, ignoreFailure: false })),
      env: { RELEASER_RELEASE: A, RELEASER_VERSION: 'v01', RELEASER_PREVIOUS: C },
    })
  })

  it('remembers who migrated, and says which migrations a rollback goes back across', () => {
    const migrate = { run: 'migrate' }
    const facts = factsWith([onHost(A), onHost(B), onHost(C)], [A, B])
    expect(plan(facts, C, { first: false }, { migrate }).next.migrated).toEqual([C])
    expect(plan(facts, C).next.migrated).toBeUndefined()
    const state = { ...NO_STATE, releases: [onHost(A), onHost(B), onHost(C)], served: [A, B, C], migrated: [B, C] }
    const back = (to: string, current: string) =>
      plan({ ...facts, state, current: { kind: 'link', dir: current } }, to, { action: 'rollback' })
    expect([back(A, C), back(B, C), back(C, B), back(A, B)].map(({ across }) => across)).toEqual([[B, C], [C], undefined, [B]])
    expect(back(A, C).next.migrated).toEqual([B, C])
    expect(back(C, C).across).toBeUndefined()
  })

  it('goes back along what served, pins it, and needs no upload', () => {
    const made = plan(factsWith([onHost(A), onHost(B), onHost(C)], [A, B, C]), B, { action: 'rollback' })
    expect(made.steps.map(({ step }) => step)).toEqual(['await', 'activate', 'confirm'])
    expect([made.next.served, made.next.pinned]).toEqual([[A, B], [B]])
  })

  it.each(['rollback', 'activate'] as const)('%s is refused where the release has been pruned since it was chosen', (action) => {
    const release = { id: B, version: '2.0.0', digest: `sha256:${B}`, manifest: null }
    expect(() => plan(factsWith([onHost(A), onHost(C)], [A, C]), B, { action, release })).toThrow(
      expect.objectContaining({ code: 'NOT_FOUND', message: expect.stringContaining(`${B} is not there any more`) }),
    )
  })

  it('runs no command of a user before all hosts are locked', () => {
    const facts = factsWith([onHost(A), onHost(B)], [A, B])
    const made = plan(facts, A, { action: 'rollback' }, { hooks: { 'pre-configure': 'true' } })
    expect(made.steps.slice(0, 2)).toMatchObject([
      { step: 'await', word: 'begin' },
      { step: 'command', hook: 'pre-configure' },
    ])
  })

  it('goes back to what it has lost where that is brought, without the hooks of an upload', () => {
    const made = plan(factsWith([onHost(A), onHost(C)], [A, C]), B, { action: 'rollback' }, { hooks: { 'post-upload': 'true' } })
    expect(made.steps.map(({ step }) => step)).toEqual(['receive', 'publish', 'await', 'activate', 'confirm'])
    expect(made.transfer).toMatchObject({ base: A })
    expect([made.next.served, made.next.pinned]).toEqual([[A, B], [B]])
  })

  it.each<[string, Partial<Facts>, string]>([
    ['another app', { identity: { app: 'blog', target: 'prod' } }, 'USAGE'],
    ['another target', { identity: { app: 'shop', target: 'staging' } }, 'USAGE'],
    ['a newer layout', { format: 2 }, 'NOT_CHANGED'],
    ['a broken format', { format: Number.POSITIVE_INFINITY }, 'NOT_CHANGED'],
    ['a path that is not writable', { writable: false }, 'NOT_CHANGED'],
    [
      'a current that leads to a directory of somebody',
      { current: { kind: 'link', dir: 'mine' }, dirs: [A, 'mine'] },
      'NOT_CHANGED',
    ],
    ['a real directory at current', { current: { kind: 'foreign', what: 'a real file or directory' } }, 'NOT_CHANGED'],
    ['no space', { freeBytes: 0 }, 'NOT_CHANGED'],
    ['no inodes', { freeInodes: 3 }, 'NOT_CHANGED'],
    ['no tar', { tools: ['gzip'] }, 'NOT_CHANGED'],
    ['another machine', { system: 'Linux aarch64' }, 'NOT_CHANGED'],
    ['another C library', { libcs: ['musl'] }, 'NOT_CHANGED'],
  ])('refuses %s', (_, facts, code) => {
    expect(() => plan(factsWith([], [], facts), A)).toThrowError(expect.objectContaining({ code }))
  })
})
