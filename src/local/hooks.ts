import type { HookName, Hooks } from '../model/config.ts'
import { seconds } from '../model/duration.ts'
import { type Ended, runProcess } from './process.ts'

export type Hook = NonNullable<Hooks[HookName]>

/** How a hook ended. `ok` is true too where the configuration says that its failure does not matter; then `code` is not 0. */
export interface HookResult extends Ended {
  readonly ok: boolean
}

const DEFAULT_SECONDS = 600

/**
 * Runs a hook here, by `sh`, with `env` and `RELEASER_HOOK` beside our own environment and `stdin` as a line of JSON.
 * Past its timeout (10 min, if it names none) or on abort it is ended with all it started. Failure is a value: the caller knows what it means.
 */
export async function runLocalHook(options: {
  readonly name: HookName
  readonly hook: Hook
  /** The `RELEASER_*` of the contract. */
  readonly env: Readonly<Record<string, string>>
  readonly stdin?: unknown
  readonly cwd: string
  readonly onOutput?: ((line: string) => void) | undefined
  readonly signal?: AbortSignal | undefined
}): Promise<HookResult> {
  const { name, env, stdin, cwd, onOutput, signal } = options
  const hook = typeof options.hook === 'string' ? { run: options.hook } : options.hook
  const ended = await runProcess({
    argv: ['sh', '-c', hook.run, name],
    cwd,
    env: { ...process.env, ...env, RELEASER_HOOK: name },
    stdin: stdin === undefined ? '' : `${JSON.stringify(stdin)}\n`,
    seconds: (hook.timeout === undefined ? undefined : seconds(hook.timeout)) ?? DEFAULT_SECONDS,
    signal,
    onLine: (line) => onOutput?.(line),
  })
  return { ...ended, ok: ended.code === 0 || (hook.ignoreFailure === true && ended.stopped !== 'abort') }
}

/** How a hook or a command ended, in words that follow its name: `ended with exit code 3`. */
export function howItEnded({ code, stopped }: Ended): string {
  if (stopped === 'timeout') return 'took longer than its timeout'
  if (stopped === 'abort') return 'was interrupted'
  return code === null ? 'was killed or could not be started' : `ended with exit code ${code}`
}
