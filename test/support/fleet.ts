import { readdir, readlink } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'vitest'
import type { Target } from '../../src/model/config.ts'
import type { TestHosts } from './hosts.ts'
import { type Laptop, laptop, targetOn } from './laptop.ts'

export const DEPLOY = ['deploy', 'target=prod', '--yes'] as const

/** Below the home of a host's user. */
export function home(hosts: TestHosts, index: number, ...path: string[]): string {
  return join(hosts.hosts[index]?.home ?? '', ...path)
}

/** A laptop with shop 1.0.0 built, and a target `prod` on the hosts (or those named). */
export async function built(
  hosts: TestHosts,
  path: string,
  more: Partial<Target> = {},
  only?: readonly string[],
): Promise<Laptop> {
  const mine = await laptop()
  await mine.configure({ prod: targetOn(hosts, path, more, only) })
  await release(mine, '1.0.0')
  return mine
}

/** Builds another version and gives back its id. */
export async function release(mine: Laptop, version: string): Promise<string> {
  await mine.write({ 'app/version.txt': version, 'app/package.json': JSON.stringify({ version }) })
  const { code, last } = await mine.call('build')
  expect(code).toBe(0)
  return (last['release'] as { readonly id: string }).id
}

/** Where `current` points to on each host; null where there is none. */
export function serving(hosts: TestHosts, path: string): Promise<(string | null)[]> {
  return Promise.all(hosts.hosts.map(({ home }) => readlink(join(home, path, 'current')).catch(() => null)))
}

/** No lock, no transaction and nothing half done is left on these hosts. */
export async function expectClean(hosts: TestHosts, path: string, indexes: readonly number[] = [0, 1]): Promise<void> {
  for (const index of indexes)
    for (const room of ['lock', 'journal', 'tx', 'flip', 'trash'])
      expect(await readdir(home(hosts, index, path, '.releaser', room)), room).toEqual([])
}
