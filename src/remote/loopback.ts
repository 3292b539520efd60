import { connect } from 'node:net'
import type { Forward } from './remote.ts'

/** How a host calls itself where an address is asked for. */
export const LOOPBACK_NAMES: readonly string[] = ['127.0.0.1', '::1', 'localhost']

/** Dials 127.0.0.1, and ::1 where that fails: an app may listen on one of them alone. What 127.0.0.1 said is what is told. */
export async function dialLoopback(dial: (address: string) => Promise<Forward>): Promise<Forward> {
  const first = await dial('127.0.0.1')
  if ('stream' in first) return first
  const second = await dial('::1')
  return 'stream' in second ? second : first
}

/** A connection from this machine. */
export function dialHere(address: string, port: number): Promise<Forward> {
  return new Promise((done) => {
    const socket = connect({ host: address, port, noDelay: true, allowHalfOpen: true })
    socket.once('connect', () => done({ stream: socket }))
    // For the whole life of the socket: an error that nobody hears would end the process.
    socket.on('error', (error: NodeJS.ErrnoException) =>
      done({ refused: 'nobody', says: error.code === 'ECONNREFUSED' ? 'connection refused' : error.message }),
    )
  })
}
