import type { Service } from '../../model/service.ts'
import { RUNNING, RUNTIME, SWEEP } from './runtime.ts'

/**
 * The start script of `mix release`. Its `version` tells what would boot, so the node itself is asked: what a hot upgrade has
 * installed, else what it booted. `restart` boots the old release again, so there is none. Each but `start` may read its stdin.
 */
export function mixService(name: string): Service {
  const script = `${RUNTIME}RELEASE_TMP=\${RELEASE_TMP:-$run}; export RELEASE_TMP\n`
  const bin = `bin/${name}`
  return {
    runner: 'mix',
    start: `${script}${SWEEP}exec ${bin} start`,
    stop: `${script}exec ${bin} stop </dev/null`,
    restart: null,
    ping: `${script}${bin} pid </dev/null >/dev/null && echo pong`,
    pid: `${script}exec ${bin} pid </dev/null`,
    version: `${script}exec ${bin} rpc 'IO.puts(${RUNNING})' </dev/null`,
    console: `${script}exec ${bin} remote`,
    rpc: `${script}exec ${bin} rpc "$@" </dev/null`,
    eval: `${script}exec ${bin} eval "$@" </dev/null`,
  }
}
