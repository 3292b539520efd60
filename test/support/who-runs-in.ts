import { readdir, readFile, readlink } from 'node:fs/promises'

/** Whoever still runs in a folder, or was called with its path, by the command line. */
export async function whoRunsIn(dir: string): Promise<readonly string[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name))
  const found = pids.map(async (pid) => {
    const [cwd, line] = await Promise.all([readlink(`/proc/${pid}/cwd`), readFile(`/proc/${pid}/cmdline`, 'utf8')]).catch(() => [
      '',
      '',
    ])
    return cwd.startsWith(dir) || line.includes(dir) ? [line] : []
  })
  return (await Promise.all(found)).flat()
}
