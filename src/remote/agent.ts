import { ReleaserError } from '../model/errors.ts'
import type { Facts, Plan } from '../model/plan.ts'
import { startVerb } from './bootstrap.ts'
import { parseFacts } from './facts.ts'
import { notEndless } from './lines.ts'
import { type Received, type Shipment, sendRelease } from './receive.ts'
import type { Channel, Remote } from './remote.ts'
import { type Run, type RunEvents, startRun } from './run.ts'
import { type Author, escapeValue } from './wire.ts'

/** What is run in the current release: several words as they are, a single one through `sh -c`; or a script that gets words as `$1` and on. */
export type Wish = readonly string[] | { readonly script: string; readonly args: readonly string[] }

/** What a host says only when it is asked: whether sudo is allowed, which it may log, and in which releases processes live, for which it looks at all of them. */
export interface Wishes {
  readonly sudo?: boolean
  readonly inUse?: boolean
}

/** The typed voice of templates/remote/agent.sh at one deploy path. Each method is one exec. */
export interface Agent {
  /** What the host says of itself. Takes no lock, changes nothing, leaves nothing behind. */
  status(wishes?: Wishes): Promise<Facts>
  run(plan: Plan, transaction: string, author: Author, events: RunEvents): Promise<Run>
  receive(shipment: Shipment): Promise<Received>
  /** Says over this, a fresh line, that the transaction stays. `late`: the host had gone back already. */
  confirm(transaction: string): Promise<'confirmed' | 'late'>
  /** Runs somebody's own command in the current release, with the app's environment and `env`. */
  exec(wish: Wish, env: Readonly<Record<string, string>>, onStderr: (chunk: Buffer) => void): Promise<Channel>
}

export function agentAt(remote: Remote, root: string): Agent {
  return {
    status: (wishes) => status(remote, root, wishes ?? {}),
    run: (plan, transaction, author, events) => startRun(remote, root, plan, transaction, author, events),
    receive: (shipment) => sendRelease(remote, root, shipment),
    confirm: (transaction) => confirm(remote, root, transaction),
    exec: (wish, env, onStderr) => exec(remote, root, wish, env, onStderr),
  }
}

const TOO_LARGE = 'foreign\t'

function foreign(root: string, file: string): ReleaserError {
  return new ReleaserError('NOT_CHANGED', `${file} in ${root} is far too large to be ours: it is not read`, {
    hint: 'look what it is, move it away there, and run the same command again',
  })
}

/** Ten thousand releases with ten shared paths each say less. */
const MOST_FACTS = 16e6

async function status(remote: Remote, root: string, { sudo, inUse }: Wishes): Promise<Facts> {
  const { lines, channel, stderr } = await startVerb(remote, root, 'status', `${sudo ? 'sudo\n' : ''}${inUse ? 'in-use\n' : ''}`)
  channel.stdin.end()
  const said: string[] = []
  const count = notEndless(MOST_FACTS, 'how it is')
  for (let line = await lines.next(); line !== null; line = await lines.next()) {
    count(line)
    if (line.startsWith(TOO_LARGE)) throw foreign(root, line.slice(TOO_LARGE.length))
    said.push(line)
  }
  const facts = parseFacts(said)
  if (!facts) throw new ReleaserError('CONNECTION', `the host did not say how it is${stderr() === '' ? '' : `: ${stderr()}`}`)
  return facts
}

async function confirm(remote: Remote, root: string, transaction: string): Promise<'confirmed' | 'late'> {
  const { lines, channel } = await startVerb(remote, root, 'confirm', `${transaction}\n`)
  channel.stdin.end()
  for (let line = await lines.next(); line !== null; line = await lines.next()) {
    const [at, event, result] = line.split('\t')
    if (at !== '@' || event !== 'end') continue
    return result === 'confirmed' ? 'confirmed' : 'late'
  }
  throw new ReleaserError('CONNECTION', 'the line was lost while the deploy was confirmed')
}

async function exec(
  remote: Remote,
  root: string,
  wish: Wish,
  env: Readonly<Record<string, string>>,
  onStderr: (chunk: Buffer) => void,
): Promise<Channel> {
  const variables = Object.entries(env).map(([name, value]) => `env\t${name}\t${escapeValue(value)}\n`)
  const words = 'script' in wish ? [wish.script, ...wish.args] : wish
  const kind = 'script' in wish || words.length === 1 ? 'script' : 'words'
  const head = [`${kind}\n${words.length}\n`, ...variables, 'end\n', ...words.map((word) => `${escapeValue(word)}\n`)]
  const { lines, channel, stderr } = await startVerb(remote, root, 'exec', head.join(''), onStderr)
  const line = await lines.next()
  const [, event, result, text] = line?.split('\t') ?? []
  if (event !== 'end' || result !== 'ready') {
    channel.destroy()
    if (result === 'none')
      throw new ReleaserError('NOT_FOUND', text ?? 'nothing is deployed there', {
        hint: 'deploy first: releaser deploy target=NAME',
      })
    throw new ReleaserError('CONNECTION', `the host did not start the command${stderr() === '' ? '' : `: ${stderr()}`}`)
  }
  return { ...channel, stdout: lines.rest() }
}
