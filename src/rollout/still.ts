import type { Observe } from '../model/plan.ts'

/** Milliseconds without news of a step until it is said that it is still waited for; the next time after twice as long, and so on. */
const SILENCE_MS = 60_000

/**
 * Passes on what happens, and where a host's step goes on and on without a word says which one is waited for: whoever looks at a quiet
 * screen knows why. Ends with `close`.
 */
export function sayingStill(observe: Observe, silence = SILENCE_MS): { readonly observe: Observe; close(): void } {
  const timers = new Map<string | null, NodeJS.Timeout>()

  function quiet(host: string | null): void {
    clearTimeout(timers.get(host))
    timers.delete(host)
  }

  function waitFor(host: string | null, step: string, from: number, next: number): void {
    quiet(host)
    const tell = (): void => {
      observe({ event: 'note', host, message: `still at ${step}, for ${inWords(Date.now() - from)}` })
      waitFor(host, step, from, next * 2)
    }
    timers.set(host, setTimeout(tell, next).unref())
  }

  return {
    observe: (progress) => {
      observe(progress)
      if (progress.event === 'note') return
      // Who waits to be confirmed waits for others, and for us.
      const over = (progress.event === 'step' && progress.state !== 'start') || progress.step === 'confirm'
      if (over) quiet(progress.host)
      else waitFor(progress.host, progress.step, Date.now(), silence)
    },
    close: () => {
      for (const timer of timers.values()) clearTimeout(timer)
      timers.clear()
    },
  }
}

function inWords(milliseconds: number): string {
  const seconds = Math.round(milliseconds / 1000)
  return seconds < 120 ? `${seconds} s` : `${Math.floor(seconds / 60)} min`
}
