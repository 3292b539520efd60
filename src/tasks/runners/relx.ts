import type { Service } from '../../model/service.ts'
import { RUNTIME, SWEEP } from './runtime.ts'

/**
 * The extended start script of relx and rebar3. Each has the version it boots written into it, and `bin/NAME` may be that of an
 * older one, so the script of the version that `start_erl.data` names is taken. `daemon` waits without end for the node, so it is
 * started in the foreground. `rpc` takes `Module Function [Arguments]`, `eval` Erlang with a full stop, both in the running node.
 */
export function relxService(name: string): Service {
  const script = `${RUNTIME}RELX_OUT_FILE_PATH=\${RELX_OUT_FILE_PATH:-$run}; export RELX_OUT_FILE_PATH
read -r _ version <releases/start_erl.data
bin=bin/${name}-$version; [ -x "$bin" ] || bin=bin/${name}
`
  return {
    runner: 'relx',
    start: `${script}${SWEEP}exec "$bin" foreground`,
    stop: `${script}exec "$bin" stop </dev/null`,
    restart: null,
    ping: `${script}exec "$bin" ping </dev/null`,
    pid: `${script}exec "$bin" pid </dev/null`,
    version: `${script}said=$("$bin" eval '${VERSION}' </dev/null) && printf '%s\\n' "$said" | tr -d '"'`,
    console: `${script}exec "$bin" remote_console`,
    rpc: `${script}exec "$bin" rpc "$@" </dev/null`,
    eval: `${script}exec "$bin" eval "$@" </dev/null`,
  }
}

const VERSION = `
Releases = case whereis(release_handler) of undefined -> []; _ -> release_handler:which_releases() end,
Status = fun(Wanted) -> [Version || {_, Version, _, Each} <- Releases, Each =:= Wanted] end,
hd(Status(current) ++ Status(permanent) ++ [element(2, init:script_id())]).
`
