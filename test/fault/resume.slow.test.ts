import { createHash, randomBytes } from 'node:crypto'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { type ProcessRemote, processRemote } from '../../src/remote/process.ts'
import { counting } from '../support/counting.ts'
import { memoryDisk } from '../support/disk.ts'
import { driver, type TestRelease } from '../support/driver.ts'
import { until } from '../support/until.ts'
import { leftovers, violations } from './invariants.ts'

const FILES = 80
const BYTES = 100_000

it.each([2_000_000, 5_000_000, 7_900_000])(
  'continues with what had arrived when the line was cut after %i bytes',
  { timeout: 60_000 },
  async (cutAt) => {
    // Too small to hold what arrived and a whole release beside it.
    const disk = await memoryDisk('size=10500k')
    const base = await mkdtemp(join(tmpdir(), 'releaser-resume-'))
    onTestFinished(async () => {
      await disk.remove()
      await rm(base, { recursive: true, force: true })
    })
    for (let file = 0; file < FILES; file++) await writeFile(join(base, `file-${file}`), randomBytes(BYTES))
    const path = join(disk.dir, 'app')
    const open: ProcessRemote[] = []
    const lines = counting(async () => {
      const line = processRemote({ env: { ...disk.env, PATH: '/usr/bin:/bin', HOME: disk.dir } })
      open.push(line)
      return line
    })
    const d = driver({ hosts: [{ connect: lines.connect, path }] })
    const release = await d.pack(base)

    const cut = d.roll(release, {
      watch: (event) => {
        if (event.event === 'progress' && event.done >= cutAt) for (const line of open) void line.close()
      },
    })
    await expect(cut).rejects.toMatchObject({ code: 'NOT_CHANGED' })
    await until(async () => (await d.facts()).lock === null)
    const arrived = await complete(path, release)
    expect(arrived).toBeGreaterThan(0)
    expect(arrived).toBeLessThan(FILES)

    // One of those that arrived has been damaged since: it is not believed.
    const kept = join(path, '.releaser/incoming', release.digest.replace('sha256:', ''), 'tree')
    const [first] = await intact(kept, release)
    await writeFile(join(kept, first ?? ''), 'damaged')
    lines.reset()
    d.progress.length = 0
    expect(await d.roll(release)).toMatchObject([{ ok: true, current: release.id }])
    const missing = FILES - arrived + 1
    const sent = d.progress.find((event) => event.event === 'step' && event.step === 'send' && event.state === 'ok')
    expect(sent).toMatchObject({ detail: `${missing} files sent, ${FILES - missing} reused` })
    expect(lines.sentBytes()).toBeGreaterThan(missing * BYTES)
    expect(lines.sentBytes()).toBeLessThan(missing * (BYTES + 1000) + 100_000)
    expect(await violations(path, { before: null, after: release.id, reported: 'done' })).toEqual([])
    expect(await leftovers(path)).toEqual([])
  },
)

async function complete(path: string, release: TestRelease): Promise<number> {
  return (await intact(join(path, '.releaser/incoming', release.digest.replace('sha256:', ''), 'tree'), release)).length
}

/** The files of a release that lie there, whole. */
async function intact(dir: string, { manifest }: TestRelease): Promise<string[]> {
  const found: string[] = []
  for (const entry of manifest) {
    const bytes = await readFile(join(dir, entry.path)).catch(() => Buffer.alloc(0))
    if (entry.type === 'file' && createHash('sha256').update(bytes).digest('hex') === entry.sha256) found.push(entry.path)
  }
  return found
}
