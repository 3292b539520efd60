import { readdir, readFile, rmdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { until } from '../until.ts'

/** Where the kernel shows its cgroups of version 2; systemd needs them, and whatever is in one can be killed at once. */
export async function cgroupRoot(): Promise<string> {
  const mounts = (await readFile('/proc/mounts', 'utf8')).split('\n').map((line) => line.split(' '))
  const path = mounts.find(([, , type]) => type === 'cgroup2')?.[1]
  if (path === undefined) throw new Error('a test machine needs cgroups of version 2: mount -t cgroup2 none /sys/fs/cgroup')
  return path
}

/** Kills all that is in a cgroup and removes it; one that does not exist is fine. */
export async function endCgroup(cgroup: string): Promise<void> {
  try {
    await writeFile(join(cgroup, 'cgroup.kill'), '1')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return
    throw error
  }
  await until(async () => /^populated 0$/m.test(await readFile(join(cgroup, 'cgroup.events'), 'utf8')))
  await removeTree(cgroup)
}

/** Its files cannot be removed: they go with their folders. */
async function removeTree(dir: string): Promise<void> {
  const entries = await readdir(dir, { withFileTypes: true })
  for (const entry of entries) if (entry.isDirectory()) await removeTree(join(dir, entry.name))
  await rmdir(dir)
}
