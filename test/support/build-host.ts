import { execFileSync } from 'node:child_process'
import type { Builder } from '../../src/model/config.ts'
import type { TestHosts } from './hosts.ts'
import { type Laptop, laptop, trusting } from './laptop.ts'

type SshBuilder = Extract<Builder, { type: 'ssh' }>

/** A laptop with a repository of one commit, whose builder builds on the first of these hosts, at `path` below the home there. */
export async function buildLaptop(hosts: TestHosts, builder: Partial<SshBuilder>, files: Readonly<Record<string, string>> = {}) {
  const mine = await laptop({ 'app/version.txt': '1.0.0', '.gitignore': '.releaser/\nnode_modules/\nout/\n', ...files })
  const git = (...args: string[]): string =>
    execFileSync('git', ['-c', 'user.name=a', '-c', 'user.email=a@b', ...args], { cwd: mine.dir, encoding: 'utf8' }).trim()
  git('init', '-q', '-b', 'main')
  await configure(mine, hosts, builder)
  git('add', '-A')
  git('commit', '-qm', 'x')
  return { mine, git, configure: (more: Partial<SshBuilder>) => configure(mine, hosts, { ...builder, ...more }) }
}

async function configure(mine: Laptop, hosts: TestHosts, builder: Partial<SshBuilder>): Promise<void> {
  const [{ user, port }] = hosts.hosts
  const whole = { type: 'ssh', host: `${user}@127.0.0.1:${port}`, path: 'builds', run: 'cp -R app out', output: 'out', ...trusting(hosts), ...builder }
  await mine.configure({}, { builders: { far: whole } })
}
