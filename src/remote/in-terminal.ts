import { ReleaserError } from '../model/errors.ts'
import { agentAt } from './agent.ts'
import { bringAgent } from './bring-agent.ts'
import { lineReader } from './lines.ts'
import type { Channel, Command, Remote } from './remote.ts'

/** What a terminal is for: a script, in the current release at `root`, with these variables beside the app's environment. */
export interface TerminalCommand {
  readonly root: string
  readonly script: string
  readonly env: Readonly<Record<string, string>>
  readonly pty: NonNullable<Command['pty']>
}

/**
 * Runs a script in a terminal on the host. Its stdout begins with the script's own output, and every byte that is written to its
 * stdin from now on is a key. NOT_FOUND where nothing is deployed.
 */
export async function startInTerminal(remote: Remote, { root, script, env, pty }: TerminalCommand): Promise<Channel> {
  // A terminal holds 4 KB that nobody has read yet, and what comes after them may never arrive: the agent takes another way.
  await bringAgent(remote, root)
  const words = ['sh', '-c', COOKED, 'sh', script]
  const channel = await agentAt(withPty(remote, pty), root).exec(words, env, () => {})
  return afterMark(channel)
}

/**
 * The agent is spoken to over a terminal that does nothing with what is typed: it neither repeats nor edits nor obeys it. Nothing
 * is sent before the host has said that it is so. Like the bootstrap, without a quote that a login shell could take for its own.
 */
const RAW = [
  'RELEASER_STTY=$(command -v stty) && RELEASER_TTY=$(stty -g) && stty raw -echo || { echo no stty; exit 1; }',
  'export RELEASER_STTY RELEASER_TTY; echo releaser tty; "$@"',
].join('; ')

/** Then the terminal becomes again what it was. `stty` by its path, since the app may have a PATH of its own. */
const COOKED =
  'stty=$RELEASER_STTY tty=$RELEASER_TTY; unset RELEASER_STTY RELEASER_TTY; "$stty" "$tty" && echo releaser tty && exec sh -c "$1" sh'

const MARK = 'releaser tty'

function withPty(remote: Remote, pty: TerminalCommand['pty']): Remote {
  return {
    ...remote,
    exec: async ({ argv }) => afterMark(await remote.exec({ argv: ['exec', 'sh', '-c', RAW, 'sh', ...argv], pty })),
  }
}

/** Skips what comes before the mark: what a login shell prints by itself. */
async function afterMark(channel: Channel): Promise<Channel> {
  const lines = lineReader(channel.stdout)
  const said: string[] = []
  for (let line = await lines.next(); line !== null && said.length < 10_000; line = await lines.next()) {
    if (line.trimEnd().endsWith(MARK)) return { ...channel, stdout: lines.rest() }
    said.push(line.trim())
  }
  channel.destroy()
  const why = said.filter(Boolean).slice(-3).join('; ')
  throw new ReleaserError('CONNECTION', `the terminal on the host was not made ready${why && `: ${why}`}`, {
    hint: 'look at the network; does `stty` work there?',
  })
}
