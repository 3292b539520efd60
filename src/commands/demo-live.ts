import { readlink } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { openStore } from '../local/store.ts'
import { type ErrorCode, EXIT_CODES, ReleaserError } from '../model/errors.ts'
import type { Call } from './command.ts'
import type { DemoPlace } from './demo-place.ts'
import { runSelf } from './demo-run.ts'
import { APP } from './demo-site.ts'
import type { Came, Chapter } from './demo-story.ts'
import { mannerOf } from './globals.ts'

/** A chapter as it went. */
export interface Done extends Came {
  readonly chapter: Chapter
  /** Null where a signal ended the command. */
  readonly exit: number | null
  readonly durationMs: number
}

/** What a person types for a chapter. */
export function typed({ command }: Chapter): string {
  return ['releaser', ...command].join(' ')
}

/** A chapter for scripts. */
export function stepJson(done: Done) {
  const { chapter, exit, release, live, sentBytes, durationMs } = done
  return {
    command: typed(chapter),
    ok: wrongWith(done) === undefined,
    exit,
    expected: { exit: chapter.exit, live: chapter.live },
    release: release && { id: release.id, version: release.version },
    live,
    sentBytes,
    durationMs,
  }
}

/** Tells a chapter and runs its command. Fails where it does not end as it has to, with the command's own code if it has one. */
export async function liveThrough(call: Call, place: DemoPlace, chapter: Chapter, before: readonly Done[]): Promise<Done> {
  const { ui, signal } = call
  const number = before.length + 1
  stopIfAsked(signal)
  ui.say(`\n${number}. ${chapter.tells.replaceAll('\n', '\n   ')}\n\n$ ${typed(chapter)}`)
  const tell = (state: 'start' | 'ok' | 'failed'): void => {
    if (ui.mode === 'json') ui.observe({ event: 'step', host: null, step: typed(chapter), state })
  }
  tell('start')
  if (chapter.writes) await place.write(chapter.writes())
  const manner = mannerOf(process.argv.slice(2))
  const ran = await runSelf(flagged(chapter.command, { verbose: call.globals.verbose, 'no-color': manner.noColor }), {
    cwd: place.project,
    env: environment(place),
    shown: !manner.json && !manner.quiet,
    signal,
  })
  const rollouts = before.filter((one) => one.chapter.about === 'rollout').length
  const done = { ...(await cameOf(place, chapter, rollouts)), chapter, exit: ran.code, durationMs: ran.durationMs }
  const wrong = wrongWith(done)
  tell(wrong === undefined ? 'ok' : 'failed')
  stopIfAsked(signal)
  if (wrong !== undefined) {
    const said = ran.said === '' || ui.mode === 'json' ? '' : `\n${ran.said}`
    throw new ReleaserError(codeOf(ran.code), `step ${number} of the demo: ${typed(chapter)} ${wrong}${said}`, {
      hint: 'look closer: releaser demo --verbose --keep',
      result: { steps: [...before.map(stepJson), { ...stepJson(done), said: ran.said }] },
    })
  }
  if (chapter.remark) ui.say(`\n${chapter.remark(done, before)}`)
  return done
}

function stopIfAsked(signal: AbortSignal): void {
  if (signal.aborted) throw new ReleaserError('INTERRUPTED', 'the demo was stopped')
}

function flagged([name = '', ...words]: readonly string[], flags: Readonly<Record<string, boolean>>): readonly string[] {
  return [name, ...Object.entries(flags).flatMap(([flag, on]) => (on ? [`--${flag}`] : [])), ...words]
}

/** The person's own keys, agent, SSH configuration and caches stay out of it. */
export function environment(place: DemoPlace): NodeJS.ProcessEnv {
  return {
    ...process.env,
    SSH_AUTH_SOCK: undefined,
    RELEASER_SSH_CONFIG: '/dev/null',
    XDG_CACHE_HOME: join(place.root, 'cache'),
    GIT_CEILING_DIRECTORIES: place.root,
  }
}

function wrongWith({ chapter, exit, live }: Done): string | undefined {
  if (exit !== chapter.exit) return `ended with ${exit === null ? 'a signal' : `exit code ${exit}`}, not ${chapter.exit}`
  if (live !== chapter.live) return `left the host serving ${live ?? 'nothing'}, not ${chapter.live ?? 'nothing'}`
  return undefined
}

/** A command that failed knows best why; one that should have failed and did not is a fault of ours. */
function codeOf(exit: number | null): ErrorCode {
  const codes = Object.keys(EXIT_CODES) as ErrorCode[]
  return codes.find((code) => EXIT_CODES[code] === exit) ?? 'BUG'
}

/** Read from the store and from the host's disk, not from what the command said. */
async function cameOf(place: DemoPlace, { about }: Chapter, rollouts: number): Promise<Came> {
  const store = await openStore(join(place.project, '.releaser'))
  const releaseOf = (id: string | null | undefined) => store.list(APP).find((release) => release.id === id) ?? null
  const serving = releaseOf(await readlink(join(place.hosts[0].home, APP, 'current')).then(basename, () => null))
  const rollout = about === 'rollout' ? store.deployments()[rollouts] : undefined
  const releases = { build: store.list(APP)[0] ?? null, rollout: releaseOf(rollout?.release), live: serving }
  return { release: releases[about], live: serving?.version ?? null, sentBytes: rollout?.hosts[0]?.sentBytes ?? null }
}
