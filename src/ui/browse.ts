import { frame, pageOf, type Window } from './browse-frame.ts'
import { type Browsing, begin, type Choice, type Listing, press } from './browse-state.ts'
import { ask, type KeyEvent, Prompt, type Terminal } from './enquirer.ts'
import { loadStyle } from './style.ts'

/** An empty screen, with the cursor in its corner. */
const CLEARED = '\u001b[2J\u001b[H'

/** What a terminal is taken for that does not know its size. */
const USUAL: Window = { columns: 80, rows: 24 }

/**
 * Shows a list with a line for words above it, until something is chosen; then nothing of it is left on the screen. Follows the
 * size of the window. Fails with INTERRUPTED when it is aborted; where nobody types any more, the choice is `leave`.
 */
export async function browse<T>(listing: Listing<T>, terminal: Terminal): Promise<Choice<T>> {
  const { stdout, colour } = terminal
  const style = await loadStyle(colour)
  const window = (): Window => ({ columns: stdout.columns || USUAL.columns, rows: stdout.rows || USUAL.rows })
  let redraw = (): void => {}

  /** Enquirer keeps the keys and the screen; what a key means and what is seen are pure functions. */
  class Browser extends Prompt {
    #now: Browsing<T> = begin(listing)
    constructor(options: Readonly<Record<string, unknown>>) {
      super(options)
      redraw = () => this.#anew()
    }
    override async keypress(text: string | undefined, { name, ctrl, meta, sequence }: KeyEvent): Promise<void> {
      const next = press(this.#now, { name, ctrl, meta, text: text ?? sequence ?? '' }, pageOf(listing, window()))
      if ('choice' in next) return this.#end('submit', next.choice)
      this.#now = next.now
      this.render()
    }
    render(): void {
      this.clear()
      this.write(frame(this.#now, window(), style).join('\n'))
    }
    /** What was drawn is elsewhere once the window has another size: some of it may have left the screen. */
    #anew(): void {
      this.clear()
      stdout.write(CLEARED)
      this.render()
    }
    override async cancel(): Promise<void> {
      this.#end('cancel', '')
    }
    #end(event: 'submit' | 'cancel', value: unknown): void {
      this.clear()
      this.emit('close')
      this.emit(event, value)
    }
  }

  const onResize = (): void => redraw()
  stdout.on('resize', onResize)
  try {
    return (await ask(Browser, terminal, {})) as Choice<T>
  } catch (error) {
    terminal.signal().throwIfAborted()
    if (terminal.stdin.readableEnded) return 'leave'
    throw error
  } finally {
    stdout.off('resize', onResize)
  }
}
