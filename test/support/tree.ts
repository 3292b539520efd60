import { lstat, readdir, readFile, readlink } from 'node:fs/promises'
import { join } from 'node:path'

/** Every entry below a folder as `path mode content`, sorted: two trees are the same when their lists are. Links are not followed. */
export async function listTree(dir: string): Promise<string[]> {
  // A trailing dot follows a link to the folder itself.
  return (await entries(join(dir, '.'), '')).sort()
}

async function entries(dir: string, prefix: string): Promise<string[]> {
  const found = (await readdir(dir)).map(async (entry): Promise<string[]> => {
    const [path, name] = [join(dir, entry), `${prefix}${entry}`]
    const info = await lstat(path)
    const mode = (info.mode & 0o777).toString(8)
    if (info.isSymbolicLink()) return [`${name} -> ${await readlink(path)}`]
    if (info.isDirectory()) return [`${name}/ ${mode}`, ...(await entries(path, `${name}/`))]
    return [`${name} ${mode} ${await readFile(path, 'latin1')}`]
  })
  return (await Promise.all(found)).flat()
}
