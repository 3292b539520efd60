import { mkdtemp } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { type Packed, packTree } from '../../src/local/pack.ts'
import { sendStream } from '../../src/local/tarball.ts'
import type { Manifest } from '../../src/model/manifest.ts'
import type { Facts, Plan, Progress } from '../../src/model/plan.ts'
import { releaseId } from '../../src/model/release.ts'
import type { Host, Target } from '../../src/model/target.ts'
import { agentAt } from '../../src/remote/agent.ts'
import type { Connect } from '../../src/remote/remote.ts'
import type { HostOutcome } from '../../src/rollout/host.ts'
import type { Moment } from '../../src/rollout/input.ts'
import { prepare } from '../../src/rollout/prepare.ts'
import { rollOut } from '../../src/rollout/rollout.ts'
import { type DeployInput, planDeploy } from '../../src/tasks/deploy.ts'

/** A release as the tests hold it: packed in a temporary store, with an id of its own. */
export interface TestRelease extends Packed {
  readonly id: string
  readonly version: string
}

/** Rollouts without a command line: the rooms below the hall, put together as the deploy command does it. */
export function driver(options: {
  readonly hosts: readonly { readonly connect: Connect; readonly path: string }[]
  readonly target?: Partial<Target>
  /** Manifests that this machine knows already, beside those of what it packs. */
  readonly manifests?: ReadonlyMap<string, Manifest>
}) {
  const hosts = options.hosts.map(
    ({ path }, index): Host => ({
      name: `h${index + 1}`,
      host: `h${index + 1}`,
      user: undefined,
      port: undefined,
      path,
      env: {},
      tags: [],
      identity: undefined,
    }),
  )
  const target: Target = {
    name: 'prod',
    app: 'shop',
    path: '/',
    hosts,
    keep: 5,
    hooks: {},
    confirmSeconds: 60,
    ...options.target,
  }
  const progress: Progress[] = []
  const manifests = new Map<string, Manifest>(options.manifests)
  let packed = 0

  async function pack(dir: string, version = `1.0.${packed}`): Promise<TestRelease> {
    // Beside it, so that it goes where the test's own folder goes.
    const storeDir = await mkdtemp(join(dirname(dir), 'releaser-store-'))
    const made = await packTree({ dir, storeDir, app: 'shop' })
    const id = releaseId(new Date(Date.UTC(2026, 0, 1) + packed++ * 1000), made.digest, undefined)
    manifests.set(id, made.manifest)
    return { ...made, id, version }
  }

  async function roll(
    release: TestRelease | { readonly id: string },
    extra: {
      readonly signal?: AbortSignal
      readonly moment?: (moment: Moment) => Promise<void>
      readonly wait?: number
      /** Sees each event before the rollout goes on. */
      readonly watch?: (event: Progress) => void
    } & Partial<Pick<DeployInput, 'action' | 'force' | 'knownManifests' | 'appEnv' | 'secrets'>> = {},
  ): Promise<readonly HostOutcome[]> {
    const { signal = new AbortController().signal, moment = async () => {}, wait, watch, ...input } = extra
    const wanted =
      'digest' in release ? release : { ...release, version: 'old', digest: `sha256:${'0'.repeat(64)}`, manifest: null }
    const observe = (event: Progress) => {
      progress.push(event)
      watch?.(event)
    }
    const plan = ({ host }: { readonly host: Host }, facts: Facts): Plan =>
      planDeploy({
        action: 'deploy',
        target,
        host,
        release: wanted,
        facts,
        knownManifests: new Set(manifests.keys()),
        force: false,
        by: 'ana',
        dryRun: false,
        ...input,
      })
    const destinations = hosts.map((host, index) => ({ host, target, connect: options.hosts[index]?.connect ?? fail }))
    const prepared = await prepare({ destinations, observe, skipUnreachable: false })
    try {
      return await rollOut(
        prepared.hosts.map((asked) => ({ ...asked, plan: plan(asked, asked.facts) })),
        {
          plan,
          author: { by: 'ana', where: 'laptop', message: 'deploy of shop' },
          observe,
          signal,
          wait,
          moment,
          shipment: async ({ plan: { transfer }, facts: { tools } }) =>
            transfer && 'manifest' in release
              ? {
                  digest: release.digest,
                  manifest: release.manifest,
                  transfer,
                  base: transfer.base === null ? null : (manifests.get(transfer.base) ?? null),
                  wire: wireFor(release, tools),
                  open: (files) =>
                    sendStream({
                      file: release.file,
                      compression: release.compression,
                      wanted: files,
                      to: wireFor(release, tools),
                    }),
                }
              : null,
        },
      )
    } finally {
      await prepared.close()
    }
  }

  async function facts(index = 0): Promise<Facts> {
    const remote = await (options.hosts[index]?.connect ?? fail)()
    try {
      return await agentAt(remote, hosts[index]?.path ?? '').status()
    } finally {
      await remote.close()
    }
  }

  return { pack, roll, facts, progress, target }
}

function wireFor(release: TestRelease, tools: readonly string[]): 'gzip' | 'zstd' {
  return tools.includes('zstd') ? release.compression : 'gzip'
}

async function fail(): Promise<never> {
  throw new Error('no such host in this test')
}
