import { finished } from 'node:stream/promises'
import { setTimeout as pause } from 'node:timers/promises'
import { loadConfig, pickTargets } from '../local/config.ts'
import { ReleaserError } from '../model/errors.ts'
import type { HostRelease } from '../model/host-state.ts'
import { startInTerminal } from '../remote/in-terminal.ts'
import type { Channel, Exit, Remote } from '../remote/remote.ts'
import { askHost, type Destination } from '../rollout/host.ts'
import { withAnswer } from '../rollout/login.ts'
import { currentEnv, currentOf } from '../tasks/current.ts'
import { handOver, windowOf } from '../ui/hand-over.ts'
import type { Call, Outcome } from './command.ts'
import { destinations } from './destinations.ts'
import { loginOf } from './login.ts'

/** What a person does in a terminal on a host. */
export interface Session {
  /** What it is called in messages: `the console`. */
  readonly name: string
  /** What to use where there is no terminal. */
  readonly otherwise: string
  /** What runs there, in the release's directory. Fails where this release has no such thing. */
  script(destination: Destination, current: HostRelease): string
}

/** How long the last output may be on its way once the host has said how the program ended. */
const LAST_WORDS = 2000

/** Joins the person's terminal with one on a single host until the program there ends. */
export async function holdSession(call: Call, session: Session): Promise<Outcome> {
  const { globals, signal } = call
  if (!globals.dryRun) demandTerminal(call, session)
  const loaded = await loadConfig({ file: globals.config, cwd: process.cwd() })
  const destination = await onlyOne(
    call,
    destinations(await pickTargets(loaded, call.values['target'], call.signal), call.values['host']),
  )
  const host = destination.host.name
  if (globals.dryRun) return { result: { host }, text: `${host}: would open ${session.name}` }
  const login = loginOf(call)
  const remote = await withAnswer(() => destination.connect(login.keys), login.answer)
  const stop = (): void => void remote.close()
  signal.addEventListener('abort', stop, { once: true })
  try {
    if (signal.aborted) throw signal.reason
    const exit = await joined(await start(remote, destination, session))
    if (signal.aborted) throw signal.reason
    judge(exit, session, host)
    return { result: { host, exit: 0 }, text: '' }
  } catch (error) {
    throw signal.aborted ? signal.reason : error
  } finally {
    signal.removeEventListener('abort', stop)
    await remote.close()
  }
}

function demandTerminal({ command, ui }: Call, { otherwise }: Session): void {
  if (process.stdin.isTTY === true && process.stdout.isTTY === true && ui.mode !== 'json') return
  const why = ui.mode === 'json' ? 'and has no --json' : 'and there is none here'
  throw new ReleaserError('USAGE', `${command} needs a terminal, ${why}`, { hint: `in a script: ${otherwise}` })
}

async function onlyOne({ ui }: Call, all: readonly Destination[]): Promise<Destination> {
  const [first, ...others] = all
  if (first && others.length === 0) return first
  const choices = all.map((each) => ({ label: `${each.host.name} (${each.target.name})`, value: each }))
  const names = all.map(({ host }) => host.name).join(', ')
  return ui.select('On which host?', choices, { answer: `host=NAME, one of ${names}` })
}

async function start(remote: Remote, destination: Destination, session: Session): Promise<Channel> {
  const asked = await askHost(destination, remote)
  const script = session.script(destination, currentOf(asked))
  return startInTerminal(remote, {
    root: destination.host.path,
    script,
    env: currentEnv(asked),
    pty: { term: process.env['TERM'] ?? 'xterm', ...windowOf(process) },
  })
}

async function joined(channel: Channel): Promise<Exit> {
  const terminal = handOver(process, channel)
  const ended = finished(channel.stdout, { writable: false }).catch(() => {})
  const exit = await channel.exit
  await Promise.race([ended, pause(LAST_WORDS, undefined, { ref: false })])
  terminal.back({ torn: exit.code === null })
  channel.destroy()
  return exit
}

function judge({ code, signal }: Exit, { name }: Session, host: string): void {
  if (code === 0) return
  if (code === null && signal === null) {
    throw new ReleaserError('CONNECTION', `the line to ${host} is lost, and ${name} with it`, {
      hint: 'look at the network, then run the command again',
    })
  }
  const how = signal === null ? `ended with exit code ${code}` : `was ended by SIG${signal.replace(/^SIG/, '')}`
  throw new ReleaserError('REMOTE_COMMAND', `${name} on ${host} ${how}`, { result: { host, exitCode: code } })
}
