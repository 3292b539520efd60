import { connect } from 'node:net'

/** Milliseconds that an agent may take: one that asks its person first answers with what it has. */
const PATIENCE = 3000

/** The types of all keys that an agent holds, also of those that the library cannot use; none where it does not answer. */
export async function typesInAgent(socket: string): Promise<readonly string[]> {
  const answer = await ask(socket)
  if (answer === undefined || answer[0] !== IDENTITIES_ANSWER) return []
  const types: string[] = []
  let at = 5
  const string = (): Buffer | undefined => {
    if (at + 4 > answer.length) return undefined
    const from = at + 4
    at = from + answer.readUInt32BE(at)
    return at > answer.length ? undefined : answer.subarray(from, at)
  }
  for (let blob = string(); blob; blob = string()) {
    // Its comment.
    string()
    if (blob.length >= 4) types.push(blob.toString('latin1', 4, 4 + blob.readUInt32BE(0)))
  }
  return types
}

/** Whether only the system's own ssh can use it: a certificate, or a key in hardware. */
export function isBeyondLibrary(type: string): boolean {
  return type.startsWith('sk-') || /-cert-v\d+@openssh\.com$/.test(type)
}

const REQUEST_IDENTITIES = 11
const IDENTITIES_ANSWER = 12
const MOST_BYTES = 1 << 20

function ask(path: string): Promise<Buffer | undefined> {
  return new Promise((done) => {
    const socket = connect({ path })
    let got = Buffer.alloc(0)
    const end = (answer?: Buffer): void => {
      socket.destroy()
      done(answer)
    }
    socket.setTimeout(PATIENCE, () => end())
    socket.once('error', () => end()).once('close', () => end())
    socket.on('data', (bytes) => {
      got = Buffer.concat([got, bytes])
      const length = got.length < 4 ? 0 : got.readUInt32BE(0)
      if (length > MOST_BYTES) end()
      else if (length > 0 && got.length >= 4 + length) end(got.subarray(4, 4 + length))
    })
    socket.write(Buffer.from([0, 0, 0, 1, REQUEST_IDENTITIES]))
  })
}
