import { type ChildProcess, spawn } from 'node:child_process'
import { onTestFinished } from 'vitest'
import { CLI } from './cli.ts'
import { project } from './project.ts'

/** A `releaser demo hosts=N` that is up. */
export interface Demo {
  readonly process: ChildProcess
  /** A folder that holds nothing but the demo's own; gone after the test. */
  readonly dir: string
  readonly project: string
  readonly hosts: readonly DemoHost[]
  /** All that it has printed so far, line by line. */
  lines(): readonly string[]
  readonly ended: Promise<number | null>
}

export interface DemoHost {
  readonly target: string
  readonly host: string
  readonly port: number
  readonly home: string
}

/** Calls the demo with these words (and `--json --quiet`), and waits until its hosts are up. It is killed after the test. */
export async function startDemo(...words: readonly string[]): Promise<Demo> {
  const dir = await project()
  const child = spawn(process.execPath, [CLI, 'demo', ...words, '--json', '--quiet'], {
    cwd: dir,
    env: { ...process.env, TMPDIR: dir },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  let said = ''
  const ended = new Promise<number | null>((resolve) => child.on('close', resolve))
  const up = new Promise<Pick<Demo, 'project' | 'hosts'>>((resolve, reject) => {
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      said += text
      if (said.includes('\n')) resolve(JSON.parse(said.slice(0, said.indexOf('\n'))).result)
    })
    child.on('close', () => reject(new Error(`the demo ended: ${said}`)))
  })
  const { project: folder, hosts } = await up
  return { process: child, dir, project: folder, hosts, ended, lines: () => said.trimEnd().split('\n') }
}
