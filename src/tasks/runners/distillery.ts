import type { Service } from '../../model/service.ts'
import { RUNNING, RUNTIME, SWEEP } from './runtime.ts'

/**
 * The start script of Distillery 2. It boots what `start_erl.data` in its mutable folder says, which some of its versions copy
 * only where there is none, so that in a shared one the old version stays: it is made anew each time. `stop` runs the hooks of
 * the release and waits without end, and it fails where nothing runs. What `rpc` gets back it prints in Elixir's form.
 */
export function distilleryService(name: string): Service {
  const script = `${RUNTIME}RELEASE_MUTABLE_DIR=\${RELEASE_MUTABLE_DIR:-$run}; export RELEASE_MUTABLE_DIR
rm -f "$RELEASE_MUTABLE_DIR/start_erl.data"
`
  const bin = `bin/${name}`
  return {
    runner: 'distillery',
    start: `${script}${SWEEP}exec ${bin} foreground`,
    stop: `${script}exec ${bin} stop </dev/null`,
    restart: null,
    ping: `${script}exec ${bin} ping </dev/null`,
    pid: `${script}exec ${bin} pid </dev/null`,
    version: `${script}said=$(${bin} rpc 'to_string(${RUNNING})' </dev/null) || { code=$?; printf '%s\\n' "$said"; exit "$code"; }
printf '%s\\n' "$said" | tr -d '"'`,
    console: `${script}exec ${bin} remote_console`,
    rpc: `${script}exec ${bin} rpc "$@" </dev/null`,
    eval: `${script}exec ${bin} eval "$@" </dev/null`,
  }
}
