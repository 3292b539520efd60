import { PassThrough, type Readable } from 'node:stream'
import { setImmediate as turn } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { lineReader } from '../../src/remote/lines.ts'

async function all(stream: Readable): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of stream as AsyncIterable<Buffer>) chunks.push(chunk)
  return Buffer.concat(chunks).toString()
}

it('reads lines, also what comes in pieces, and a last one without its end', async () => {
  const stream = new PassThrough()
  const lines = lineReader(stream)
  stream.write('on')
  stream.write('e\ntwo\nth')
  stream.end('ree')
  expect([await lines.next(), await lines.next(), await lines.next(), await lines.next()]).toEqual(['one', 'two', 'three', null])
})

it('hands over the rest while more is to come', async () => {
  const stream = new PassThrough()
  const lines = lineReader(stream)
  stream.write('head\nbegin, ')
  expect(await lines.next()).toBe('head')
  const rest = all(lines.rest())
  stream.end('end')
  expect(await rest).toBe('begin, end')
})

it.each(['body', ''])('hands over the rest (%j) that came in one piece with the end', async (body) => {
  const stream = new PassThrough()
  const lines = lineReader(stream)
  stream.end(`head\n${body}`)
  expect(await lines.next()).toBe('head')
  await turn()
  expect(await all(lines.rest())).toBe(body)
})
