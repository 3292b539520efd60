import { chmod, mkdir, mkdtemp, symlink, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Manifest } from '../../src/model/manifest.ts'
import type { Target } from '../../src/model/target.ts'
import type { Connect } from '../../src/remote/remote.ts'
import type { HostOutcome } from '../../src/rollout/host.ts'
import { prepare } from '../../src/rollout/prepare.ts'
import { rollOut } from '../../src/rollout/rollout.ts'
import { planPrune } from '../../src/tasks/prune.ts'
import { driver, type TestRelease } from '../support/driver.ts'

/** One whole command against one host, as the client gives it. */
export interface Scenario {
  readonly name: string
  /** Commands, without faults, that make the host what it is before. */
  readonly start: readonly Command[]
  /** A command that was cut off last, at the first call that fits; the host is left as it lay. */
  readonly interrupted?: { readonly command: Command; readonly at: RegExp }
  readonly command: Command
  /** The directory below `releases/` that serves before and after; `meanwhile` served, unconfirmed, when the host was found. */
  readonly before: string | null
  readonly after: string | null
  readonly meanwhile?: string
  /** An app runs there: the one that serves, with the environment of its release, and no other. */
  readonly app?: true
  /** A file of each release that is rendered, and what it says before and after. A directory that was left half rendered is not used again. */
  readonly rendered?: Rendered
}

export interface Rendered {
  readonly path: string
  readonly before: string
  readonly after: string
}

/** By which the app of a scenario is known among all processes. */
export const APP_SECONDS = 987_654

/** Gives a command to the host at `path`; resolves or fails as the client does. */
export type Command = (host: { readonly connect: Connect; readonly path: string }) => Promise<readonly HostOutcome[]>

type Tree = Readonly<Record<string, string>>
const SAME: Tree = { 'lib/one': 'never changes', 'bin/run': '#!/bin/sh\necho ran\n', 'to one': '-> lib/one' }

/** The scenarios of the sweep, over releases that are packed below `base`. */
export async function scenarios(base: string): Promise<readonly Scenario[]> {
  const packer = driver({ hosts: [] })
  const make = async (name: string, tree: Tree) => packer.pack(await write(await mkdtemp(join(base, `${name}-`)), tree), name)
  const a = await make('a', { ...SAME, VERSION: 'a' })
  const b = await make('b', { ...SAME, VERSION: 'b', 'to none': '-> nowhere' })
  const c = await make('c', { ...SAME, VERSION: 'c' })
  const seeds = await make('seeds', { ...SAME, VERSION: 's', 'data/seed.txt': 'first content', 'conf/app.env': 'A=1' })
  // biome-ignore lint/suspicious/noTemplateCurlyInString: a template
  const text = 'word: ${WORD}, unset: ${NONE:-nothing}\n'
  const [old, recent] = [
    await make('old', { ...SAME, 'conf.in': text, 'etc/conf': 'shipped' }),
    await make('new', { 'conf.in': text }),
  ]
  const known = new Map([a, b, c, seeds, old, recent].map(({ id, manifest }) => [id, manifest]))
  const deploy = (release: TestRelease, target: Partial<Target> = {}, appEnv = {}) =>
    command(known, target, release, 'deploy', appEnv)
  const shared = { dirs: ['data', 'var/log'], files: ['conf/app.env'] }
  const runs = (release: TestRelease, hooks = {}) => deploy(release, { ...APP, hooks }, { WORD: release.version })
  const templates = [{ from: 'conf.in', to: 'etc/conf' }]
  const says = (word: string) => `word: ${word}, unset: nothing\n`
  const fails = { 'post-activate': 'echo "this release does not work"; exit 3' }
  return [
    { name: 'first deploy', start: [], command: deploy(a), before: null, after: a.id },
    { name: 'second deploy', start: [deploy(a)], command: deploy(b), before: a.id, after: b.id },
    {
      name: 'deploy that goes back',
      start: [deploy(a)],
      command: deploy(b, { hooks: fails }),
      before: a.id,
      after: a.id,
      meanwhile: b.id,
    },
    { name: 'deploy of an app that runs', start: [runs(a)], command: runs(b), before: a.id, after: b.id, app: true },
    {
      name: 'deploy of an app that runs, which goes back',
      start: [runs(a)],
      command: runs(b, { 'post-start': 'exit 3' }),
      before: a.id,
      after: a.id,
      meanwhile: b.id,
      app: true,
    },
    { name: 'rollback', start: [deploy(a), deploy(b)], command: command(known, {}, a, 'rollback'), before: b.id, after: a.id },
    {
      name: 'rollback that renders anew, with another environment',
      start: [deploy(old, { templates }, { WORD: 'first' }), deploy(recent, { templates }, { WORD: 'second' })],
      command: command(known, { templates }, old, 'rollback', { WORD: 'third' }),
      before: recent.id,
      after: `${old.id}~2`,
      rendered: { path: 'etc/conf', before: says('second'), after: says('third') },
    },
    { name: 'deploy with shared paths', start: [deploy(a)], command: deploy(seeds, { shared }), before: a.id, after: seeds.id },
    { name: 'prune', start: [deploy(a), deploy(b), deploy(c)], command: prune(1), before: c.id, after: c.id },
    {
      name: 'deploy over one that was cut off after the switch',
      start: [deploy(a)],
      interrupted: { command: deploy(b), at: /^rename\w* \/current$/ },
      command: deploy(c, { keep: 1, reuse: 'hardlink' }),
      before: a.id,
      after: c.id,
      meanwhile: b.id,
    },
    {
      name: 'deploy over one that was cut off while it seeded',
      start: [deploy(a)],
      interrupted: { command: deploy(seeds, { shared }), at: /^rename\w* \/shared\/data$/ },
      command: deploy(seeds, { shared }),
      before: a.id,
      after: seeds.id,
    },
  ]
}

/** An app that does nothing for long, and is asked as if it did. */
const APP: Partial<Target> = {
  runner: { start: `exec sleep ${APP_SECONDS}` },
  health: { kind: 'command', run: 'true', delay: 0, interval: 1, timeout: 10, settle: 0 },
  stopTimeout: '2s',
}

function command(
  known: ReadonlyMap<string, Manifest>,
  target: Partial<Target>,
  release: TestRelease,
  action: 'deploy' | 'rollback',
  appEnv: Readonly<Record<string, string>> = {},
): Command {
  return ({ connect, path }) =>
    driver({ hosts: [{ connect, path }], target: { confirmSeconds: 10, ...target }, manifests: known }).roll(
      action === 'deploy' ? release : { id: release.id },
      { action, appEnv },
    )
}

function prune(keep: number): Command {
  return async ({ connect, path }) => {
    const { target } = driver({ hosts: [{ connect, path }] })
    const [host] = target.hosts
    if (!host) throw new RangeError('one host')
    const observe = () => {}
    const prepared = await prepare({ destinations: [{ host, target, connect }], observe, skipUnreachable: false })
    try {
      return await rollOut(
        prepared.hosts.map((asked) => ({ ...asked, plan: planPrune({ target, host, facts: asked.facts, keep }).plan })),
        {
          plan: (_, facts) => planPrune({ target, host, facts, keep }).plan,
          author: { by: 'ana', where: 'laptop', message: 'prune' },
          observe,
          signal: new AbortController().signal,
          wait: undefined,
          moment: async () => {},
          shipment: async () => null,
        },
      )
    } finally {
      await prepared.close()
    }
  }
}

async function write(dir: string, tree: Tree): Promise<string> {
  for (const [path, content] of Object.entries(tree)) {
    await mkdir(dirname(join(dir, path)), { recursive: true })
    if (content.startsWith('-> ')) await symlink(content.slice(3), join(dir, path))
    else await writeFile(join(dir, path), content)
    if (content.startsWith('#!')) await chmod(join(dir, path), 0o755)
  }
  return dir
}
