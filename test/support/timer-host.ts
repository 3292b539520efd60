import { spawn, spawnSync } from 'node:child_process'
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { JobKind } from '../../src/model/job.ts'
import { TIMER_SCRIPT } from '../../src/remote/timer-script.ts'
import { escapeValue } from '../../src/remote/wire.ts'
import { pathOf, type SHELLS } from './shells.ts'

export const RELEASE = '20260101000000-aaaaaaaa'
export const NAME = /^shop_prod_1\.4\.0_\d{4}-\d\d-\d\d_\d\d-\d\d-\d\d\.tar\.gz(\.age)?$/

/** A deploy path as the agent leaves it, with the timer's program, and no network. */
export interface TimerHost {
  readonly root: string
  readonly script: string
  /** What finds nothing but this shell's tools. */
  readonly env: Readonly<Record<string, string>>
  /** Installs a job's data. */
  install(job: JobKind, lines: readonly (readonly string[])[]): void
  run(...words: readonly string[]): { readonly code: number | null; readonly said: string }
  start(...words: readonly string[]): ReturnType<typeof spawn>
  /** The names of backups, oldest first, and what else lies there. */
  backups(): { readonly good: readonly string[]; readonly other: readonly string[] }
  state(job: JobKind): Readonly<Record<string, string>>
  log(job: JobKind): string
  /** What a backup holds, in a folder. */
  unpack(name: string): string
  remove(): void
}

export function timerHost(shell: (typeof SHELLS)[number]): TimerHost {
  const base = mkdtempSync(join(tmpdir(), `releaser-timer-${shell}-`))
  const root = join(base, `it's an "app"`)
  const script = join(base, 'timer.sh')
  writeFileSync(script, TIMER_SCRIPT)
  const env = { PATH: pathOf(shell, join(base, 'bin')), HOME: base }
  for (const dir of [`releases/${RELEASE}`, 'shared', '.releaser/timer']) mkdirSync(join(root, dir), { recursive: true })
  symlinkSync(`releases/${RELEASE}`, join(root, 'current'))
  const state = `version\t1\nrelease\t${RELEASE}\t${RELEASE}\t1.4.0\tsha256:a\tgood\nend\n`
  writeFileSync(join(root, '.releaser/state'), state)
  const sh = join(base, 'bin/sh')
  const words = (rest: readonly string[]) => [script, root, ...rest]
  const backups = () => {
    const all = existsSync(join(root, 'backups')) ? readdirSync(join(root, 'backups')).sort() : []
    const good = all.filter((name) => NAME.test(name) && all.includes(`${name}.sha256`))
    return { good, other: all.filter((name) => !good.includes(name.replace(/\.sha256$/, ''))) }
  }
  return {
    root,
    script,
    env,
    backups,
    install: (job, lines) => {
      mkdirSync(join(root, '.releaser/timer', job), { recursive: true })
      const keep = lines.some(([key]) => key === 'keep') ? [] : [['keep', '7 0 0 0']]
      const own = [['app', 'shop'], ['target', 'prod'], ['host', 'h1'], ...keep, ...lines]
      const text = own.map(([key = '', ...rest]) => `${[key, ...rest.map(escapeValue)].join('\t')}\n`).join('')
      writeFileSync(join(root, '.releaser/timer', job, 'job'), text)
    },
    run: (...rest) => {
      const { status, stdout, stderr } = spawnSync(sh, words(rest), { env, cwd: '/', encoding: 'utf8' })
      return { code: status, said: stdout + stderr }
    },
    start: (...rest) => spawn(sh, words(rest), { env, cwd: '/', stdio: 'ignore', detached: true }),
    state: (job) => {
      const lines = readFileSync(join(root, '.releaser/timer', job, 'state'), 'utf8')
        .trimEnd()
        .split('\n')
      return Object.fromEntries(lines.map((line) => line.split('\t', 2)))
    },
    log: (job) => readFileSync(join(root, '.releaser/timer', job, 'log'), 'utf8'),
    unpack: (name) => {
      const into = mkdtempSync(join(base, 'unpacked-'))
      const { status, stderr } = spawnSync('tar', ['-xzpf', join(root, 'backups', name), '-C', into], { encoding: 'utf8' })
      if (status !== 0) throw new Error(stderr)
      return into
    },
    remove: () => rmSync(base, { recursive: true, force: true }),
  }
}

/** Puts a tree of odd names, links and holes below `dir`. */
export function oddTree(dir: string): void {
  mkdirSync(join(dir, 'deep/er empty'), { recursive: true })
  for (const name of [' leading', "it's", '"q"', 'back\\slash', 'new\nline', '-n', '$HOME', 'grün ✓'])
    writeFileSync(join(dir, 'deep', name), `content of ${name}`, { mode: 0o640 })
  writeFileSync(join(dir, 'readonly'), 'mine', { mode: 0o400 })
  writeFileSync(join(dir, 'holes'), Buffer.alloc(200_000))
  symlinkSync('deep/-n', join(dir, ' link to -n'))
  symlinkSync('nowhere', join(dir, 'dangling'))
  cpSync(join(dir, 'readonly'), join(dir, 'copy'))
}
