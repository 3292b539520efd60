/**
 * Calls `act` once a signal says stop, and at once where it has said so already: a listener that comes later is never called. What it
 * returns ends the listening.
 */
export function whenAborted(signal: AbortSignal | undefined, act: () => void): () => void {
  if (signal?.aborted) act()
  else signal?.addEventListener('abort', act, { once: true })
  return () => signal?.removeEventListener('abort', act)
}
