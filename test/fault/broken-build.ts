import { cp, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

export interface BrokenBuild {
  /** Its command line. */
  readonly cli: string
  /** Its dist/local/, as an address to import from. */
  readonly local: string
  remove(): Promise<void>
}

const ROOT = fileURLToPath(new URL('../..', import.meta.url))

/** A copy of what was built, with a piece of one file replaced: a releaser that has forgotten one of its rules. */
export async function brokenBuild(file: string, piece: string, instead: string): Promise<BrokenBuild> {
  const dir = await mkdtemp(join(tmpdir(), 'releaser-broken-'))
  for (const part of ['dist', 'templates', 'package.json']) await cp(join(ROOT, part), join(dir, part), { recursive: true })
  await symlink(join(ROOT, 'node_modules'), join(dir, 'node_modules'))
  const whole = await readFile(join(dir, file), 'utf8')
  if (whole.split(piece).length !== 2) throw new Error(`${file} does not hold this once: ${piece}`)
  await writeFile(
    join(dir, file),
    whole.replace(piece, () => instead),
  )
  return {
    cli: join(dir, 'dist/cli.js'),
    local: `file://${dir}/dist/local/`,
    remove: () => rm(dir, { recursive: true, force: true }),
  }
}

export const AGENT = 'templates/remote/agent.sh'
