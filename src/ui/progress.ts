import { DefaultRenderer, Listr, ListrLogger, ProcessOutput } from 'listr2'
import type { Progress } from '../model/plan.ts'
import { advance, HERE, type Line, lines, newRow } from './board.ts'

/** Milliseconds between two looks at the rows: eight a second. */
const TICK = 125

/** Columns for the mark before a row and the word that we are stopping behind it. */
const MARGIN = 4 + ' (stopping)'.length

/** Lines of the terminal that stay free below the list. */
const FREE_LINES = 3

export interface ListOptions {
  readonly terminal: NodeJS.WriteStream
  /** Once aborted, the rows say that we are stopping. */
  readonly signal: AbortSignal
  /** Whether the list is taken off the screen when it is closed and nothing failed. */
  readonly fleeting: boolean
}

export interface List {
  observe(progress: Progress): void
  /** Draws the rows a last time, as they ended, and gives the terminal back. `aside`: only until a question is answered. */
  close(aside: boolean): Promise<void>
}

/**
 * Draws the rows of a list on a terminal. Listr follows, it does not drive: a row is a promise that is settled when the
 * list is closed, and its title says what the last event told. It writes to stderr; data owns stdout.
 */
export function drawList(hosts: readonly string[], { terminal, signal, fleeting }: ListOptions): List {
  let rows = hosts.map(newRow)
  let closed = false
  const size = () => ({ columns: (terminal.columns ?? 80) - MARGIN, most: Math.max(1, (terminal.rows ?? 24) - FREE_LINES) })
  const stopping = () => (signal.aborted && !closed ? ' (stopping)' : '')
  const look = (): Line[] =>
    lines(rows, Date.now(), size(), closed).map(({ text, state }) => ({ text: text + stopping(), state }))

  const slots = look().map((line) => slot(line.text))
  const list = new Listr(
    slots.map(({ initial, follow }) => ({
      title: initial,
      task: (_: unknown, task: { title: string | undefined }) =>
        follow((text) => {
          task.title = text
        }),
    })),
    {
      concurrent: true,
      exitOnError: false,
      registerSignalListeners: false,
      renderer: class extends DefaultRenderer {
        // Listr asks whether stdout is a terminal; ours is stderr, and the caller has asked already.
        static override nonTTY = true
      },
      rendererOptions: {
        formatOutput: 'truncate',
        logger: new ListrLogger({ useIcons: true, processOutput: new ProcessOutput(terminal, terminal) }),
      },
    },
  )
  const running = list.run()

  const draw = (): void => {
    const seen = look()
    for (const [index, entry] of slots.entries()) entry.show(seen[index]?.text ?? '')
  }
  const ticking = setInterval(draw, TICK)

  return {
    observe(progress) {
      const now = Date.now()
      rows = rows.map((row) => (row.host === (progress.host ?? HERE) ? advance(row, progress, now) : row))
    },
    async close(aside) {
      clearInterval(ticking)
      closed = true
      // What is under way before a question has not failed: it goes on after it.
      const failed = aside ? rows.some((row) => row.failed !== null) : look().some(({ state }) => state === 'failed')
      const vanishes = fleeting && !failed
      for (const [index, line] of look().entries()) {
        slots[index]?.show(vanishes ? '' : line.text)
        slots[index]?.end(vanishes ? { text: '', state: 'ok' } : line)
      }
      await running
      // Of a list without rows, listr leaves an empty line.
      if (vanishes) terminal.write('\u001b[1A\u001b[2K')
    },
  }
}

/** A row of the list: what it says, from before listr has it until its end. */
function slot(initial: string) {
  let text = initial
  let write: (text: string) => void = () => {}
  let end: (line: Line) => void = () => {}
  const ended = new Promise<Line>((resolve) => {
    end = resolve
  })
  return {
    initial,
    end,
    show(next: string) {
      if (next !== text) write(next)
      text = next
    },
    async follow(writer: (text: string) => void) {
      write = writer
      write(text)
      const line = await ended
      if (line.state === 'failed') throw new Error(line.text)
    },
  }
}
