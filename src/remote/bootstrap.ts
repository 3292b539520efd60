import { randomBytes } from 'node:crypto'
import { StringDecoder } from 'node:string_decoder'
import { setTimeout as pause } from 'node:timers/promises'
import { gzipSync } from 'node:zlib'
import { ReleaserError } from '../model/errors.ts'
import { AGENT_HASH, AGENT_SCRIPT } from './agent-script.ts'
import { type LineReader, lineReader, notEndless } from './lines.ts'
import type { Channel, Remote } from './remote.ts'

/**
 * What the login shell is asked to run, always these same words: everything that differs comes on stdin. It starts the agent
 * that is there, or takes it from us and runs it from memory (`run` then installs it). It must not read a byte too many: where
 * `head` is seen to take only what it is asked for, that reads; elsewhere `dd`, byte by byte. No single quote, backslash or `!` in
 * it, so that sh, bash, zsh, fish and csh all hand it on unchanged.
 */
// biome-ignore-start lint/suspicious/noTemplateCurlyInString: these are the shell's
const ROOT = 'case $root in "~") root=$HOME ;; "~/"*) root=$HOME/${root#??} ;; /*) ;; *) root=$PWD/$root ;; esac'
const BOOTSTRAP = [
  'IFS= read -r nonce && IFS= read -r root && IFS= read -r hash && IFS= read -r verb || exit 64',
  ROOT,
  'RELEASER_LC_ALL=${LC_ALL-}; LC_ALL=C; export LC_ALL RELEASER_LC_ALL',
  'agent=$root/.releaser/agent-$hash.sh',
  'if test -r "$agent"; then echo "releaser $nonce ready"; exec sh "$agent" "$root" "$verb"; fi',
  'command -v dd >/dev/null || { echo "releaser $nonce lacks"; exit 1; }',
  'if command -v gzip >/dev/null; then send=packed; else send=plain; fi; echo "releaser $nonce $send"; IFS= read -r size',
  'test "$(printf ab | (head -c 1; printf .; cat) 2>/dev/null)" = a.b; thrifty=$?',
  'RELEASER_AGENT=$(if test $thrifty = 0; then head -c "$size"; else dd bs=1 count="$size" 2>/dev/null; fi | if test $send = packed; then gzip -dc; else cat; fi); export RELEASER_AGENT',
  'exec sh -c "$RELEASER_AGENT" agent "$root" "$verb"',
].join('; ')

/** The same for a script that is sent to be run once, and stays nowhere. */
const ONCE = [
  'IFS= read -r nonce && IFS= read -r root && IFS= read -r size || exit 64',
  ROOT,
  'LC_ALL=C; export LC_ALL',
  'command -v dd >/dev/null || { echo "releaser $nonce lacks"; exit 1; }',
  'script=$(dd bs=1 count="$size" 2>/dev/null)',
  'echo "releaser $nonce ready"',
  'exec sh -c "$script" releaser "$root"',
].join('; ')
// biome-ignore-end lint/suspicious/noTemplateCurlyInString: these are the shell's

/** A conversation with the agent: lines in, bytes out. */
export interface Talk {
  readonly channel: Channel
  readonly lines: LineReader
  /** The last lines that came on stderr, for error messages. */
  stderr(): string
  /** The first lines that the login shell printed by itself before we were heard. */
  readonly noise: readonly string[]
}

/**
 * Starts a verb of the agent at `root`, bringing the agent itself where the host lacks it. One exec. What the host says on
 * stderr goes to `onStderr`, and its tail is kept for error messages.
 */
export async function startVerb(
  remote: Remote,
  root: string,
  verb: string,
  head: string,
  onStderr?: (chunk: Buffer) => void,
): Promise<Talk> {
  const nonce = randomBytes(8).toString('hex')
  const channel = await remote.exec({ argv: ['exec', 'sh', '-c', BOOTSTRAP] })
  const stderr = keepTail(channel, onStderr)
  channel.stdin.on('error', () => {}) // a line that is lost shows in what is read
  channel.stdin.write(`${nonce}\n${root}\n${AGENT_HASH}\n${verb}\n`)
  const lines = lineReader(channel.stdout)
  const { asks, noise } = await greeting(lines, nonce, channel, stderr)
  if (asks !== 'ready') {
    const sent = asks === 'packed' ? gzipSync(AGENT_SCRIPT, { level: 9 }) : AGENT_SCRIPT
    channel.stdin.write(`${sent.length}\n`)
    channel.stdin.write(sent)
  }
  if (head !== '') channel.stdin.write(head)
  return { channel, lines, stderr, noise }
}

/** Runs a script of ours at `root`, which is its first word, sending it along. One exec, and nothing of it stays on the host. */
export async function startScript(remote: Remote, root: string, script: Buffer, head: string): Promise<Talk> {
  const nonce = randomBytes(8).toString('hex')
  const channel = await remote.exec({ argv: ['exec', 'sh', '-c', ONCE] })
  const stderr = keepTail(channel, undefined)
  channel.stdin.on('error', () => {}) // a line that is lost shows in what is read
  channel.stdin.write(`${nonce}\n${root}\n${script.length}\n`)
  channel.stdin.write(script)
  channel.stdin.write(head)
  const lines = lineReader(channel.stdout)
  const { noise } = await greeting(lines, nonce, channel, stderr)
  return { channel, lines, stderr, noise }
}

/** How the agent is wanted; `ready`: not at all. */
const GREETINGS = ['ready', 'packed', 'plain'] as const
type Greeting = (typeof GREETINGS)[number]

/** Characters that a login shell may say before us. */
const MOST_GREETING = 4e6

/** Skips what a login shell prints by itself, until our own first line. */
async function greeting(
  lines: LineReader,
  nonce: string,
  channel: Channel,
  stderr: () => string,
): Promise<{ readonly asks: Greeting; readonly noise: readonly string[] }> {
  const counted = notEndless(MOST_GREETING, 'what nobody asked for')
  const noise: string[] = []
  for (let count = 0; count < 10_000; count++) {
    const line = await lines.next()
    if (line === null) break
    counted(line)
    const asks = GREETINGS.find((word) => line.endsWith(`releaser ${nonce} ${word}`))
    const before = asks ? line.slice(0, -`releaser ${nonce} ${asks}`.length) : line
    if (before !== '' && noise.length < MOST_NOISE) noise.push(before.slice(0, 200))
    if (asks) return { asks, noise }
    if (line.endsWith(`releaser ${nonce} lacks`)) {
      channel.destroy()
      throw new ReleaserError('NOT_CHANGED', 'the host lacks dd', { hint: 'install it there, and deploy again' })
    }
  }
  const exit = await Promise.race([channel.exit, pause(1000)])
  channel.destroy()
  if (exit?.code === null && exit.signal === null)
    throw new ReleaserError('CONNECTION', 'the line was lost', { hint: 'look at the network, then run the command again' })
  throw silent(exit?.code, stderr(), noise)
}

const MOST_NOISE = 20

/** A shell that is there, and has not run what it was given: its start-up files end it, or it is none (nologin, git-shell). */
function silent(code: number | null | undefined, stderr: string, noise: readonly string[]): ReleaserError {
  const said = [stderr, noise.join('\n')].find((text) => text !== '')
  const ended = typeof code === 'number' ? `, and ended with exit code ${code}` : ''
  return new ReleaserError(
    'CONNECTION',
    `the host's shell did not start our program${ended}${said === undefined ? '' : `: ${said}`}`,
    {
      hint: 'log in by hand and see whether `sh -c true` works there: look for exit and exec in its start-up files (.bashrc, .zshenv, config.fish), and which shell the user has (getent passwd)',
    },
  )
}

function keepTail(channel: Channel, onStderr: ((chunk: Buffer) => void) | undefined): () => string {
  const decoder = new StringDecoder('utf8')
  let tail = ''
  channel.stderr.on('data', (chunk: Buffer) => {
    tail = (tail + decoder.write(chunk)).slice(-4000)
    onStderr?.(chunk)
  })
  channel.stderr.on('error', () => {}) // the channel's exit tells
  return () => tail.trim().split('\n').slice(-20).join('\n')
}
