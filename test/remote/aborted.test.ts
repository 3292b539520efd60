import { expect, test } from 'vitest'
import { startScript } from '../../src/remote/bootstrap.ts'
import { listen } from '../../src/remote/jobs.ts'
import { processRemote } from '../../src/remote/process.ts'

test('who is stopped before a host is listened to does not listen', async () => {
  const remote = processRemote()
  const stop = new AbortController()
  const talk = await startScript(remote, '/tmp', Buffer.from('while read -r _; do :; done\n'), '')
  // Another host has failed just now.
  stop.abort()
  await expect(listen(talk, stop.signal, () => undefined)).rejects.toMatchObject({ code: 'INTERRUPTED' })
  await remote.close()
})
