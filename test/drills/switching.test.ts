import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { processRemote } from '../../src/remote/process.ts'
import { driver } from '../support/driver.ts'

const SWITCHES = 200
/** Big enough that a file which is being written would be seen half. */
const BODY = 'x'.repeat(200_000)

let base = ''
beforeAll(async () => {
  base = await mkdtemp(join(tmpdir(), 'releaser-switching-'))
})
afterAll(() => rm(base, { recursive: true, force: true }))

/** Reads `current/version.txt` without a pause until its stdin ends, then tells what it saw. */
const READER = `
  const { readFileSync, realpathSync } = require('node:fs')
  const seen = {}, wrong = []
  let reads = 0, over = false, last, changes = 0
  process.stdin.on('end', () => (over = true)).resume()
  const read = () => {
    for (let index = 0; index < 200; index++) {
      try {
        const version = readFileSync('current/version.txt', 'utf8')
        const name = version.slice(0, version.indexOf('\\n'))
        if (version.length !== name.length + 1 + ${BODY.length}) wrong.push('half of ' + name)
        const dir = realpathSync('current')
        const twin = ['version.txt', 'same.txt'].map((file) => readFileSync(dir + '/' + file, 'utf8').split('\\n')[0])
        if (twin[0] !== twin[1]) wrong.push('mixed: ' + twin)
        if (last !== name) changes++
        last = name
        seen[name] = (seen[name] ?? 0) + 1
      } catch (error) {
        wrong.push(error.message)
      }
      reads++
    }
    if (!over) setImmediate(read)
    else process.stdout.write(JSON.stringify({ reads, changes, seen: Object.keys(seen).sort(), wrong: wrong.slice(0, 5) }))
  }
  read()`

it(`${SWITCHES} switches are never seen missing, half or mixed`, async () => {
  const path = join(base, 'app')
  const connect = async () => processRemote({ cwd: base })
  const d = driver({ hosts: [{ connect, path }], target: { keep: 2, confirmSeconds: 0 } })
  const releases = []
  for (const version of ['a', 'b']) {
    const dir = await mkdtemp(join(base, 'build-'))
    await writeFile(join(dir, 'version.txt'), `${version}\n${BODY}`)
    await writeFile(join(dir, 'same.txt'), `${version}\n`)
    releases.push(await d.pack(dir))
  }
  for (const release of releases) await d.roll(release)

  const reader = spawn(process.execPath, ['-e', READER], { cwd: path, stdio: ['pipe', 'pipe', 'inherit'] })
  const said = text(reader.stdout)
  for (let count = 0; count < SWITCHES; count++) {
    const release = releases[count % 2]
    if (release)
      expect(await d.roll(release, { action: count % 3 === 0 ? 'rollback' : 'deploy' })).toMatchObject([{ changed: true }])
  }
  reader.stdin.end()
  await once(reader, 'close')
  const { reads, changes, ...rest } = JSON.parse(await said)
  expect(rest).toEqual({ seen: ['a', 'b'], wrong: [] })
  expect(reads).toBeGreaterThan(SWITCHES)
  // A reader that is slower than the switches would prove nothing.
  expect(changes).toBeGreaterThan(SWITCHES / 2)
}, 300_000)
