import { Duplex, finished } from 'node:stream'

/**
 * A channel of the SSH library as a stream that does what node's streams do, which its own do not: `destroy` lets go for good, so that
 * what still comes is dropped and the channel closes though nobody reads it, and a write that the other side cuts off fails.
 */
export function toStream(channel: Duplex): Duplex {
  const stream = new Duplex({
    read: () => {
      channel.resume()
    },
    write: (chunk, _encoding, done) => {
      channel.write(chunk, done)
    },
    final: (done) => {
      channel.end(done)
    },
    destroy: (error, done) => {
      channel.destroy()
      channel.resume()
      done(error)
    },
  })
  channel.on('error', () => {})
  channel.on('data', (bytes: Buffer) => {
    if (!stream.destroyed && !stream.push(bytes)) channel.pause()
  })
  channel.once('end', () => stream.push(null))
  // What came before the end is still for the reader.
  channel.once('close', () => finished(stream, { writable: false }, () => stream.destroy()))
  return stream.on('error', () => {})
}
