import type { Service } from '../../model/service.ts'
import { RUNTIME, SWEEP } from './runtime.ts'

/**
 * The extended start script of relx and rebar3. Each has the version it boots written into it, and `bin/NAME` may be that of an
 * older one, so the script of the version that `start_erl.data` names is taken. `daemon` waits without end for the node, so it is
 * started in the foreground. `rpc` takes `Module Function [Arguments]`, `eval` Erlang with a full stop, both in the running node;
 * what fails in there it prints like any other answer, and ends with 0.
 */
export function relxService(name: string): Service {
  const script = `${RUNTIME}RELX_OUT_FILE_PATH=\${RELX_OUT_FILE_PATH:-$run}; export RELX_OUT_FILE_PATH
read -r _ version <releases/start_erl.data
bin=bin/${name}-$version; [ -x "$bin" ] || bin=bin/${name}
ask() {
  said=$("$bin" "$@" </dev/null) || { code=$?; printf '%s\\n' "$said"; return "$code"; }
  printf '%s\\n' "$said"
  case $said in '{badrpc, '* | '{error, "*** '* | '{error, "Incomplete form'* | '{error, "Non-white space'*) return 1 ;; esac
}
`
  return {
    runner: 'relx',
    start: `${script}${SWEEP}exec "$bin" foreground`,
    stop: `${script}exec "$bin" stop </dev/null`,
    restart: null,
    ping: `${script}exec "$bin" ping </dev/null`,
    pid: `${script}exec "$bin" pid </dev/null`,
    version: `${script}said=$(ask eval '${VERSION}') || { code=$?; printf '%s\\n' "$said"; exit "$code"; }
printf '%s\\n' "$said" | tr -d '"'`,
    console: `${script}exec "$bin" remote_console`,
    rpc: `${script}ask rpc "$@"`,
    eval: `${script}ask eval "$@"`,
  }
}

const VERSION = `
Releases = case whereis(release_handler) of undefined -> []; _ -> release_handler:which_releases() end,
Status = fun(Wanted) -> [Version || {_, Version, _, Each} <- Releases, Each =:= Wanted] end,
hd(Status(current) ++ Status(permanent) ++ [element(2, init:script_id())]).
`
