import { ReleaserError } from '../model/errors.ts'
import { count } from '../model/size.ts'
import { failureOf, named, type Working } from './host.ts'
import type { RolloutInput } from './input.ts'

/** A host that answers, and yet takes nothing for so long, has a disk that hangs. */
const IDLE_MS = 5 * 60_000

/** Sends what a host lacks of a release. Fails where it does not take it, or takes nothing of it for minutes. */
export async function send(work: Working, input: RolloutInput): Promise<void> {
  const shipment = await input.shipment(work)
  if (!shipment) return
  const host = work.host.name
  const step = 'send'
  input.observe({ event: 'step', host, step, state: 'start' })
  try {
    // An agent that ended by itself says why; without this a cut transaction would look like a slow line.
    const ended = work.run.ended.then((end) => Promise.reject(failureOf(work, end)))
    ended.catch(() => {})
    const idle = idleLimit(host)
    const received = work.agent.receive({
      ...shipment,
      transaction: work.run.transaction,
      onSent: (done, total) => {
        // From the last byte on it has all of it to hash, which may take as long as it likes.
        if (done < total) idle.start()
        else idle.stop()
        input.observe({ event: 'progress', host, step, done, total })
      },
    })
    received.catch(() => {})
    const { sent, reused } = await named(work, Promise.race([received, ended, idle.over])).finally(idle.stop)
    input.observe({ event: 'step', host, step, state: 'ok', detail: sentInWords(sent, reused) })
  } catch (error) {
    input.observe({ event: 'step', host, step, state: 'failed' })
    throw error
  }
  work.run.go('received')
}

/** `3 files sent, 4,965 reused`. */
function sentInWords(sent: number, reused: number): string {
  return `${count(sent, 'file')} sent${reused === 0 ? '' : `, ${reused.toLocaleString('en-US')} reused`}`
}

/** Fails once so long nothing has been taken. */
function idleLimit(host: string): { readonly over: Promise<never>; start(): void; stop(): void } {
  let timer: NodeJS.Timeout | undefined
  let reject: (error: unknown) => void = () => {}
  const over = new Promise<never>((_, no) => {
    reject = no
  })
  over.catch(() => {})
  const stop = (): void => clearTimeout(timer)
  const fail = (): void =>
    reject(
      new ReleaserError('NOT_CHANGED', `${host}: it has taken nothing of the release for ${IDLE_MS / 60_000} minutes`, {
        hint: 'see what its disk does, and run the same command again: what has arrived is not sent twice',
      }),
    )
  return {
    over,
    start: () => {
      stop()
      timer = setTimeout(fail, IDLE_MS)
    },
    stop,
  }
}
