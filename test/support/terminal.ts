import { execFile } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** A program in a real terminal, held by tmux. */
export interface Terminal {
  /** Types keys by tmux's names: `Enter`, `C-c`, `Escape`, `Down`, or a text. */
  type(...keys: readonly string[]): Promise<void>
  /** What the screen shows, without blank lines, once it fits; fails with the screen where it does not within `seconds` (20). */
  shows(what: RegExp, seconds?: number): Promise<string>
  /** Makes it larger or smaller, as a person drags its corner. */
  resize(columns: number, rows: number): Promise<void>
  /** Whether anything on the screen has a colour, or is bold, dim or inverse. */
  painted(): Promise<boolean>
  close(): Promise<void>
}

/** Starts a program in a terminal of its own; the last line it shows is `exit N`. */
export async function openTerminal(
  argv: readonly string[],
  options: {
    readonly columns?: number
    readonly rows?: number
    readonly env?: Readonly<Record<string, string>>
    readonly cwd?: string
  } = {},
): Promise<Terminal> {
  const socket = `releaser-${randomUUID()}`
  const tmux = async (...words: readonly string[]) => (await run('tmux', ['-L', socket, ...words])).stdout
  const env = { TERM: 'screen', CI: '', ...options.env }
  // A Ctrl-C is for the program, not for the shell around it.
  const shell = `trap : INT; ${argv.map((word) => `'${word.replaceAll("'", `'\\''`)}'`).join(' ')}; echo "exit $?"; cat`
  const size = ['-x', String(options.columns ?? 80), '-y', String(options.rows ?? 24)]
  const where = options.cwd === undefined ? [] : ['-c', options.cwd]
  const variables = Object.entries(env).flatMap(([key, value]) => ['-e', `${key}=${value}`])
  await tmux('-f', '/dev/null', 'new-session', '-d', ...size, ...where, ...variables, 'sh', '-c', shell)
  const screen = async () => (await tmux('capture-pane', '-p')).replace(/\n{2,}/g, '\n').trim()
  return {
    async type(...keys) {
      await tmux('send-keys', ...keys)
    },
    async shows(what, seconds = 20) {
      const end = Date.now() + seconds * 1000
      for (;;) {
        const now = await screen()
        if (what.test(now)) return now
        if (Date.now() > end) throw new Error(`the screen never showed ${what}; it shows:\n${now}`)
        await delay(30)
      }
    },
    async resize(columns, rows) {
      await tmux('resize-window', '-x', String(columns), '-y', String(rows))
    },
    async painted() {
      return (await tmux('capture-pane', '-p', '-e')).includes('\u001b[')
    },
    async close() {
      await tmux('kill-server').catch(() => {})
    },
  }
}
