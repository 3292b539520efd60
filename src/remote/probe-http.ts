import { type IncomingMessage, request } from 'node:http'
import type { Duplex } from 'node:stream'
import type { HttpCheck } from '../model/health.ts'
import { enough, type Talk } from './probe-words.ts'

/** Characters of a body that are looked at. */
const MOST = 64 * 1024

/** One GET over a stream, which is gone afterwards. Never rejects: what came is told, and why no more did. */
export function converse(stream: Duplex, check: HttpCheck, signal: AbortSignal): Promise<Talk> {
  return new Promise((done) => {
    const told = { status: null as number | null, body: '' }
    const asking = request({
      createConnection: () => stream,
      path: check.path,
      headers: { host: check.host, 'user-agent': 'releaser', accept: '*/*', connection: 'close' },
    })
    const end = (how: Talk['end'], said = told.body): void => {
      signal.removeEventListener('abort', late)
      done({ ...told, body: said, end: how })
      asking.destroy()
      stream.destroy()
    }
    const late = (): void => end('late')
    signal.addEventListener('abort', late, { once: true })
    asking.on('error', ({ rawPacket }: ParseError) => {
      if (rawPacket && told.status === null) end('alien', rawPacket.toString('latin1'))
      else end('closed')
    })
    asking.on('response', (response: IncomingMessage) => {
      told.status = response.statusCode ?? null
      const look = (from: number): void => {
        if (enough(check, told, from)) end('enough')
        else if (told.body.length >= MOST) end('cut')
      }
      response.setEncoding('utf8')
      response.on('data', (text: string) => {
        const before = told.body.length
        told.body = (told.body + text).slice(0, MOST)
        look(before)
      })
      response.on('error', () => {})
      response.on('close', () => end(response.complete ? 'whole' : 'closed'))
      look(0)
    })
    asking.end()
  })
}

/** An error of node's HTTP parser holds the bytes that it could not read. */
type ParseError = Error & { readonly rawPacket?: Buffer }
