/**
 * What every script of an OTP release begins with. The release's folder must stay as it was verified, so what a start script would
 * write there has another place, one for each folder of a release; and a VM under a locale of ASCII would spoil UTF-8 in the
 * environment. What the app's environment says goes before all of it.
 */
export const RUNTIME = `run=$RELEASER_PATH/shared/tmp/otp-\${PWD##*/}
[ -d "$run" ] || (umask 077 && mkdir -p "$run") || exit
ERL_CRASH_DUMP=\${ERL_CRASH_DUMP:-$RELEASER_PATH/shared/log/erl_crash.dump}; export ERL_CRASH_DUMP
case \${LC_ALL:-\${LC_CTYPE:-$LANG}} in '' | C | POSIX) LC_ALL=C.UTF-8; export LC_ALL ;; esac
`

/** Before a start: the places of releases that have been pruned go. */
export const SWEEP = `for old in "$RELEASER_PATH"/shared/tmp/otp-*; do
  [ -d "$RELEASER_PATH/releases/\${old##*/otp-}" ] || rm -rf "$old"
done
`

/** Elixir for the version that runs, as a charlist: what a hot upgrade has installed, else what was booted. Without single quotes. */
export const RUNNING = `(
releases = if Process.whereis(:release_handler), do: :release_handler.which_releases(), else: []
status = fn wanted -> for {_, version, _, ^wanted} <- releases, do: version end
hd(status.(:current) ++ status.(:permanent) ++ [elem(:init.script_id(), 1)])
)`
