import type { Readable } from 'node:stream'
import { loadConfig, pickTargets } from '../local/config.ts'
import { ReleaserError } from '../model/errors.ts'
import { agentAt } from '../remote/agent.ts'
import type { Destination } from '../rollout/host.ts'
import { inParallel } from '../rollout/parallel.ts'
import type { Call, Outcome } from './command.ts'
import { destinations } from './destinations.ts'

/** What is kept of each host's output; more would not fit a screen or a JSON line. */
const MOST = 4 * 1024 * 1024

interface Ran {
  readonly host: string
  readonly target: string
  readonly ok: boolean
  readonly exit: number | null
  readonly stdout: string
  readonly stderr: string
}

/** `releaser exec`: any command, in the current release of every host. Several words run as they are, a single one through `sh -c`. */
export async function run(call: Call): Promise<Outcome> {
  const { rest, values, globals } = call
  if (rest.length === 0)
    throw new ReleaserError('USAGE', 'there is no command to run', {
      hint: 'put it behind --, for instance: releaser exec target=prod -- ls -l',
    })
  const loaded = await loadConfig({ file: globals.config, cwd: process.cwd() })
  const all = destinations(pickTargets(loaded, values['target']), values['host'])
  if (globals.dryRun)
    return { result: { hosts: [] }, text: all.map(({ host }) => `${host.name}: would run ${rest.join(' ')}`).join('\n') }
  const hosts = await inParallel(all, 10, (destination) => runOn(call, destination))
  const text = hosts
    .map((ran) => shown(ran, hosts.length > 1))
    .join('\n')
    .replace(/\n$/, '')
  const failed = hosts.filter(({ ok }) => !ok)
  if (failed.length === 0) return { result: { hosts }, text }
  call.ui.data(text)
  const ends = failed.map(({ host, exit }) => `${host}: ${exit === null ? 'the line was lost' : `exit code ${exit}`}`).join(', ')
  throw new ReleaserError('REMOTE_COMMAND', `the command failed (${ends})`, { result: { hosts } })
}

async function runOn(call: Call, { target, host, connect }: Destination): Promise<Ran> {
  const remote = await connect()
  try {
    const errors: Buffer[] = []
    const env = {
      RELEASER_APP: target.app,
      RELEASER_TARGET: target.name,
      RELEASER_HOST: host.name,
      RELEASER_GROUP: '',
      RELEASER_HOOK: '',
      RELEASER_DRY_RUN: '',
    }
    const channel = await agentAt(remote, host.path).exec(call.rest, env, (chunk) => void errors.push(chunk))
    const stop = () => channel.destroy()
    call.signal.addEventListener('abort', stop, { once: true })
    channel.stdin.end()
    const [stdout, { code }] = await Promise.all([collect(channel.stdout), channel.exit])
    call.signal.removeEventListener('abort', stop)
    if (call.signal.aborted) throw new ReleaserError('INTERRUPTED', 'stopped')
    return {
      host: host.name,
      target: target.name,
      ok: code === 0,
      exit: code,
      stdout,
      stderr: Buffer.concat(errors).toString('utf8').slice(-MOST),
    }
  } finally {
    await remote.close()
  }
}

async function collect(stream: Readable): Promise<string> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    length += chunk.length
    if (length <= MOST) chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

function shown({ host, stdout, stderr }: Ran, named: boolean): string {
  const text = `${stdout}${stderr}`
  return named
    ? text
        .replace(/\n$/, '')
        .split('\n')
        .map((line) => `${host}: ${line}`)
        .join('\n')
    : text
}
