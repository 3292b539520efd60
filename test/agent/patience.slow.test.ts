import { createHash } from 'node:crypto'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { processRemote } from '../../src/remote/process.ts'
import { driver } from '../support/driver.ts'
import { killAllIn } from '../support/kill-all-in.ts'
import { pathOf, SHELLS } from '../support/shells.ts'

const ASKED = '"$RELEASER_PATH/shared/asked"'
const SAID = '"$RELEASER_PATH/shared/said"'
const UNTIL_ASKED = `while [ ! -s ${ASKED} ]; do sleep 1; done`

/** An app that says its version only a while after it was first asked, and one that ends then. */
const APP = { quiet: UNTIL_ASKED, slow: `(${UNTIL_ASKED}; sleep 1; cp VERSION said; mv said ${SAID}) & exec sleep 600` }

it.concurrent.each(SHELLS)('where sh is %s, an app may take its time to say its version, and not to live', async (shell) => {
  const base = await mkdtemp(join(tmpdir(), `releaser-${shell}-`))
  onTestFinished(async () => {
    await killAllIn(base)
    await rm(base, { recursive: true, force: true })
  })
  const path = join(base, 'app')
  const env = { PATH: pathOf(shell, join(base, 'bin')), HOME: base }
  const connect = async () => processRemote({ env, shell: [join(base, 'bin', 'sh'), '-c'], cwd: base })
  const runner = { start: `rm -f ${ASKED} ${SAID}; . ./app.sh`, version: `echo yes >${ASKED}; cat ${SAID}` }
  const d = driver({ hosts: [{ connect, path }], target: { runner } })
  const build = async (version: string, app: keyof typeof APP, cookie: string) => {
    const dir = await mkdtemp(join(base, 'build-'))
    await mkdir(join(dir, 'releases'))
    for (const [name, text] of Object.entries({ VERSION: version, 'app.sh': APP[app], 'releases/COOKIE': cookie }))
      await writeFile(join(dir, name), text)
    return d.pack(dir, version)
  }
  const good = await build('1.0.0', 'slow', 'one')
  expect(await d.roll(good)).toMatchObject([{ ok: true, changed: true, current: good.id }])
  await expect(d.roll(await build('2.0.0', 'quiet', 'two'))).rejects.toMatchObject({
    code: 'ROLLED_BACK',
    message: 'h1: prove: the app has ended (every host serves what it served before)',
  })
  const { app, cookies } = await d.facts()
  expect(app).toMatchObject({ dir: good.id })
  expect(cookies).toContainEqual({ id: good.id, sha256: createHash('sha256').update('one').digest('hex') })
})
