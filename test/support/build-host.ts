import { execFileSync } from 'node:child_process'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'vitest'
import type { Builder } from '../../src/model/config.ts'
import { home } from './fleet.ts'
import { type TestHosts, userProcesses } from './hosts.ts'
import { type Json, type Laptop, laptop, trusting } from './laptop.ts'
import { untilNone } from './until.ts'

export type SshBuilder = Extract<Builder, { readonly type: 'ssh' }>

/** A laptop with a repository, whose only builder builds on a host. */
export interface BuildLaptop extends Laptop {
  git(...args: string[]): string
  /** The builder with other settings; they are not committed. */
  builder(more: Partial<SshBuilder>, config?: Json): Promise<void>
}

/** A laptop with a repository of one commit, whose builder `far` copies `app/` to `out/` on the first of these hosts, in `builds` there. */
export async function buildLaptop(
  hosts: TestHosts,
  builder: Partial<SshBuilder> = {},
  files: Readonly<Record<string, string>> = {},
): Promise<BuildLaptop> {
  const mine = await laptop({ 'app/version.txt': '1.0.0', '.gitignore': '.releaser/\nignored/\n', ...files })
  const git = (...args: string[]): string =>
    execFileSync('git', ['-c', 'user.name=a', '-c', 'user.email=a@b', '-c', 'protocol.file.allow=always', ...args], {
      cwd: mine.dir,
      encoding: 'utf8',
    }).trim()
  const [{ user, port }] = hosts.hosts
  const whole = {
    type: 'ssh',
    host: `${user}@127.0.0.1:${port}`,
    path: 'builds',
    run: 'mkdir -p out; cp -R app/. out',
    output: 'out',
  }
  const configure = (more: Partial<SshBuilder>, config: Json = {}): Promise<void> =>
    mine.configure({}, { builders: { far: { ...whole, ...trusting(hosts), ...builder, ...more } }, ...config })
  git('init', '-q', '-b', 'main')
  await configure({})
  git('add', '-A')
  git('commit', '-qm', 'x')
  return { ...mine, git, builder: configure }
}

/** Nothing of a build runs on the first host any more, and nothing is left but what is meant to be. */
export async function comesToRest(hosts: TestHosts, path = 'builds'): Promise<void> {
  await nobodyBuilds(hosts)
  for (const room of ['lock', 'tx'])
    expect(await readdir(home(hosts, 0, path, '.releaser', room)).catch(() => []), room).toEqual([])
}

/** Nobody is at work on the first host but what the system itself keeps for who is connected. */
export async function nobodyBuilds({ hosts: [{ uid }] }: TestHosts): Promise<void> {
  await untilNone(async () => (await userProcesses(uid)).filter(({ command }) => !command.startsWith('sshd')))
}

/** Nothing of a build is left here. */
export async function nothingHere({ dir }: Laptop): Promise<void> {
  expect(await readdir(join(dir, '.releaser/tmp'))).toEqual([])
}
