import { execFileSync } from 'node:child_process'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Point } from './points.ts'
import type { Scenario } from './scenarios.ts'

export const TOOLS = ['tar', 'gzip', 'mv', 'ln', 'cp', 'sync', 'sha256sum', 'rm', 'mkdir'] as const

/** How a tool lies; each script gets the real one's path as `real`. */
const LIES = {
  'says that it did it': 'exit 0',
  'says that it failed': '"$real" "$@"; exit 1',
  'prints rubbish': `printf 'rubbish\\t\\001\\n%064d  -\\n' 7; echo rubbish >&2; exit 0`,
} as const
export type Lie = keyof typeof LIES

export const ALL_LIES = Object.keys(LIES) as readonly Lie[]

/** Every tool with every lie over these scenarios. A `sync` that lies cannot be noticed by anybody; it must do no harm otherwise. */
export async function lyingTools(
  base: string,
  scenarios: readonly Scenario[],
): Promise<readonly (Point & { readonly tool: string; readonly lie: Lie })[]> {
  const all = TOOLS.flatMap((tool) => ALL_LIES.map((lie) => ({ tool, lie })))
  const made = all.map(async ({ tool, lie }) => {
    const tools = await shim(base, tool, lie)
    return scenarios.map((scenario) => ({ scenario, runs: [{ tools }] as const, what: `${tool} ${lie}`, tool, lie }))
  })
  return (await Promise.all(made)).flat()
}

/** A folder that holds a liar of this name and nothing else. */
async function shim(base: string, tool: string, lie: Lie): Promise<string> {
  const dir = join(base, `${tool} ${lie}`.replaceAll(' ', '-'))
  await mkdir(dir)
  const real = execFileSync('/usr/bin/which', [tool], { encoding: 'utf8', env: { PATH: '/usr/bin:/bin' } }).trim()
  await writeFile(join(dir, tool), `#!/bin/sh\nreal=${real}\n${LIES[lie]}\n`, { mode: 0o755 })
  return dir
}
