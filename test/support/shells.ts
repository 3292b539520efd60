import { execFileSync } from 'node:child_process'
import { mkdirSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'

/** The shells that a host's `sh` may be. */
export const SHELLS = ['dash', 'bash', 'busybox', 'mksh'] as const

/**
 * A PATH on which `sh` is the shell named. For busybox it holds nothing but busybox's own applets, so that no GNU tool can
 * stand in for one of its own.
 */
export function pathOf(shell: (typeof SHELLS)[number], dir: string): string {
  mkdirSync(dir, { recursive: true })
  const binary = execFileSync('which', [shell], { encoding: 'utf8' }).trim()
  if (shell !== 'busybox') {
    symlinkSync(binary, join(dir, 'sh'))
    return `${dir}:/usr/local/bin:/usr/bin:/bin`
  }
  for (const applet of execFileSync(binary, ['--list'], { encoding: 'utf8' }).trim().split('\n'))
    symlinkSync(binary, join(dir, applet))
  return dir
}
