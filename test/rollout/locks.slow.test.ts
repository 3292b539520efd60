import { mkdtemp, readlink, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { processRemote } from '../../src/remote/process.ts'
import type { Remote } from '../../src/remote/remote.ts'
import { driver } from '../support/driver.ts'

it('a host where nothing was to be done, and somebody has begun since, is not taken for one that is done (4)', async () => {
  const base = await mkdtemp(join(tmpdir(), 'releaser-locks-'))
  onTestFinished(() => rm(base, { recursive: true, force: true }))
  const [one = '', two = ''] = await Promise.all(['one-', 'two-'].map((name) => mkdtemp(join(base, name))))
  const here = async () => processRemote({ cwd: base })
  const both = driver({ hosts: [one, two].map((path) => ({ connect: here, path })) })
  const pack = async (version: string) => {
    const dir = await mkdtemp(join(base, 'build-'))
    await writeFile(join(dir, 'VERSION'), version)
    return both.pack(dir, version)
  }
  const [old, fresh, other] = [await pack('1.0.0'), await pack('2.0.0'), await pack('3.0.0')]
  await both.roll(old)
  await driver({ hosts: [{ connect: here, path: two }] }).roll(fresh)

  // Somebody else, who stays in the middle of it on the second host until there is a file.
  const go = join(base, 'go')
  const hooks = { 'pre-activate': `until [ -e '${go}' ]; do sleep 0.1; done` }
  const somebody = driver({ hosts: [{ connect: here, path: two }], target: { hooks } })
  let rolling: Promise<unknown> | undefined
  const begins = () =>
    new Promise<void>((resolve) => {
      const watch = (event: object) => 'step' in event && event.step === 'pre-activate' && resolve()
      rolling = somebody.roll(other, { watch })
    })
  let holds = false
  // Between what was asked at first and what is asked under the other lock.
  const interrupted = async (): Promise<Remote> => {
    const line = await here()
    const exec: Remote['exec'] = async (...words) => {
      if (holds && !rolling) await begins()
      return line.exec(...words)
    }
    return { ...line, exec }
  }
  const mine = driver({
    hosts: [
      { connect: here, path: one },
      { connect: interrupted, path: two },
    ],
  })
  const watch = (event: object) => {
    if ('step' in event && event.step === 'lock' && 'state' in event && event.state === 'ok') holds = true
  }
  await expect(mine.roll(fresh, { watch })).rejects.toMatchObject({
    code: 'LOCKED',
    message: expect.stringMatching(/^h2: at work/),
  })
  expect(await readlink(join(one, 'current'))).toBe(`releases/${old.id}`)
  await writeFile(go, '')
  await rolling
  expect(await readlink(join(two, 'current'))).toBe(`releases/${other.id}`)
})
