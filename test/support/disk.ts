import { execFile } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { mkdtemp, readdir, readFile, rename, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** A file system of our own, mounted in a temporary folder. Needs root. */
export interface Disk {
  readonly dir: string
  /** Give this to every process that works there, so that it can be found and ended with the disk. */
  readonly env: Readonly<Record<string, string>>
  remount(mode: 'ro' | 'rw'): Promise<void>
  /** Ends what still works there, unmounts, and leaves nothing behind. */
  remove(): Promise<void>
}

/** A disk in a file, whose power can be cut. */
export interface PowerDisk extends Disk {
  /** The command that cuts, for a shell: what was not synced is lost, or kept as far as the journal knows it. */
  cutCommand(lose: Loss): string
  /** After a cut: ends every process there, as the power would have done, and mounts again, which replays the journal. */
  powerUp(): Promise<void>
}

/**
 * `all`: what was not synced is gone. `data`: the file system's log is written out first, so that names survive and the
 * content of files that were not synced does not; the worse of the two for whoever forgets a sync.
 */
export type Loss = 'all' | 'data'

/** A file system in memory: `size=20m`, `nr_inodes=200`. */
export async function memoryDisk(options: string): Promise<Disk> {
  const at = await place()
  await run('mount', ['-t', 'tmpfs', '-o', options, 'releaser-test', at.dir])
  return at.disk
}

/** An image with the file system's default settings, mounted with its default options, as an admin would have it. */
export async function imageDisk(type: 'ext4' | 'xfs'): Promise<PowerDisk> {
  const at = await place()
  const image = `${at.dir}.img`
  const [size, words] = type === 'ext4' ? ['64M', ['-q', '-F']] : ['320M', ['-q']]
  await run('truncate', ['-s', size, image])
  await run(`mkfs.${type}`, [...words, image])
  const mount = async () => void (await run('mount', ['-o', 'loop', image, at.dir]))
  await mount()
  return {
    ...at.disk,
    cutCommand: (lose) => `xfs_io -x -c 'shutdown${lose === 'data' ? ' -f' : ''}' ${at.dir}`,
    powerUp: async () => {
      await at.endAll()
      await run('umount', [at.dir])
      // A container that started meanwhile keeps the dead file system mounted, and its image would be that again: a disk that
      // comes up is a copy.
      await run('cp', ['--sparse=always', image, `${image}.copy`])
      await rename(`${image}.copy`, image)
      await mount()
    },
    remove: async () => {
      await at.disk.remove()
      await rm(image, { force: true })
    },
  }
}

async function place() {
  const dir = await mkdtemp(join(tmpdir(), 'releaser-disk-'))
  const mark = randomUUID()
  const endAll = () => endMarked(`RELEASER_TEST_DISK=${mark}`)
  const disk: Disk = {
    dir,
    env: { RELEASER_TEST_DISK: mark },
    remount: async (mode) => void (await run('mount', ['-o', `remount,${mode}`, dir])),
    remove: async () => {
      await endAll()
      await run('umount', [dir]).catch(() => run('umount', ['-l', dir]).catch(() => {}))
      await rm(dir, { recursive: true, force: true })
    },
  }
  return { dir, disk, endAll }
}

/** Ends every process with this in its environment, their children too, until none is left. */
async function endMarked(mark: string): Promise<void> {
  // A process shows no environment while it becomes another program: one look is not enough.
  for (let looks = 0; looks < 3; looks++) {
    const found = await marked(mark)
    if (found.length === 0) {
      await pause(20)
      continue
    }
    looks = 0
    for (const pid of found) {
      try {
        process.kill(pid, 'SIGKILL')
      } catch {
        // It ended by itself.
      }
    }
  }
}

async function marked(mark: string): Promise<number[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number)
  const holds = await Promise.all(
    pids.map(async (pid) => {
      const environment = await readFile(`/proc/${pid}/environ`, 'latin1').catch(() => '')
      return environment.split('\0').includes(mark)
    }),
  )
  return pids.filter((_, index) => holds[index])
}
