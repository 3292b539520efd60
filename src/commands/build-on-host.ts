import { createWriteStream } from 'node:fs'
import { rm, stat } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { pipeline } from 'node:stream/promises'
import type { BuildContext } from '../local/build/command.ts'
import type { Made } from '../local/build/made.ts'
import { checkedOut } from '../local/build/source.ts'
import { extendedPattern } from '../local/clean-pattern.ts'
import type { LoadedConfig } from '../local/config.ts'
import { buildHost, type SshBuilder } from '../local/config-builder.ts'
import { partsOf } from '../local/config-path.ts'
import { type Packed, packTree } from '../local/pack.ts'
import { sendStream } from '../local/tarball.ts'
import { ReleaserError } from '../model/errors.ts'
import { lockInWords } from '../model/lock.ts'
import type { Host } from '../model/target.ts'
import { buildAt, type HostBuild } from '../remote/build-host.ts'
import { connector } from '../remote/connect.ts'
import type { Remote } from '../remote/remote.ts'
import { orInterrupted } from '../rollout/host.ts'
import { withAnswer } from '../rollout/login.ts'
import { author } from './author.ts'
import { type Away, type Ended, madeOf } from './built-on-host.ts'
import type { Call } from './command.ts'
import { during } from './during.ts'
import { loginOf } from './login.ts'

type Caller = Pick<Call, 'ui' | 'signal' | 'globals' | 'keys'>

/**
 * Builds on the builder's host: sources go there, its command runs there, what it made comes here, below `scratch`. Fails with BUILD,
 * CONNECTION and its like, LOCKED, USAGE where the path there is somebody else's, or INTERRUPTED.
 */
export async function buildOnHost(
  call: Caller,
  loaded: LoadedConfig,
  name: string,
  builder: SshBuilder,
  context: BuildContext,
): Promise<Made> {
  const { host, settings } = buildHost(builder, loaded)
  const away: Away = { name, builder, host: host.name, scratch: context.scratch, into: join(context.scratch, 'fetched.tar.gz') }
  const { keys, answer } = loginOf(call)
  const open = connector(host, settings)
  const remote = await connect(call, () => withAnswer(() => open(keys), answer))
  let sources: Packed | undefined
  try {
    sources = await packTree({
      dir: checkedOut(context.scratch),
      storeDir: loaded.storeDir,
      app: context.app,
      absoluteLinks: 'all',
      compression: 'gzip',
      signal: call.signal,
    })
    return await madeOf(await builtAt(call, remote, host, jobOf(call, away, context, sources)), away)
  } finally {
    await Promise.all([remote.close(), sources && rm(sources.file, { force: true })])
  }
}

async function connect({ ui, signal }: Caller, open: () => Promise<Remote>): Promise<Remote> {
  const opening = open()
  return during(ui, 'connect', () => orInterrupted(opening, signal)).catch((error: unknown) => {
    void opening.then(
      (remote) => remote.close(),
      () => {},
    )
    throw error
  })
}

function jobOf({ ui, signal }: Caller, { builder, into }: Away, context: BuildContext, sources: Packed): HostBuild {
  const top = checkedOut(context.scratch)
  return {
    author: author(`build of ${context.app}`),
    run: builder.run,
    dir: relative(top, context.dir),
    output: builder.output,
    env: context.env,
    clean: builder.clean?.map((pattern) => extendedPattern(partsOf(pattern))) ?? null,
    sources: sources.manifest,
    pack: (paths) => packed(sources, paths, join(context.scratch, 'sources.tar.gz')),
    into,
    onStep: (step, state, detail) => ui.observe({ event: 'step', host: null, step, state, ...(detail !== '' && { detail }) }),
    onOutput: context.onOutput,
    signal,
  }
}

/** Those of the sources that are asked for, as an archive of their own. */
async function packed(sources: Packed, wanted: ReadonlySet<string>, file: string): Promise<{ file: string; bytes: number }> {
  await rm(file, { force: true })
  await pipeline(sendStream({ ...sources, wanted, to: 'gzip' }), createWriteStream(file, { mode: 0o600 }))
  return { file, bytes: (await stat(file)).size }
}

const LOCK_POLL_MS = 1000

/** Where somebody else builds there, it waits for them as long as `--wait` says. */
async function builtAt({ ui, globals, signal }: Caller, remote: Remote, host: Host, job: HostBuild): Promise<Ended> {
  const deadline = globals.wait === undefined ? 0 : Date.now() + globals.wait * 1000
  for (;;) {
    const built = await buildAt(remote, host.path, job)
    if (built.result !== 'locked') return built
    const who = built.lock ? lockInWords(built.lock) : 'somebody else'
    if (Date.now() >= deadline)
      throw new ReleaserError('LOCKED', `${host.name}: at work there is ${who}`, {
        hint: 'wait for them with --wait, for instance --wait=10m',
      })
    ui.observe({ event: 'note', host: null, message: `waiting for ${who}` })
    await orInterrupted(new Promise((resolve) => setTimeout(resolve, LOCK_POLL_MS)), signal)
  }
}
