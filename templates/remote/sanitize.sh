# shellcheck shell=sh disable=SC2154,SC2034 # what is not set or used here, the parts around it set and use
# Clearing up: a part of the timer's program, which is put behind it. Functions only.

job_sanitize() {
  serving || return
  made=''
  # Ours: what deploys have left, by the agent that was used last, under the host's lock; and a log that has grown, in which the app goes on writing.
  [ ! -r .releaser/agent ] || { sh .releaser/agent "$ROOT" tidy || by_older_agent $?; } >>"$R/log" 2>&1 || say 'what a deploy left here could not be settled'
  [ -f .releaser/timer/way ] || for old in .releaser/timer-*.sh; do
    [ -z "$(find "$old" -mtime +1 2>/dev/null)" ] || { rm -f "$old" && say "removed ${old##*/}, which nothing wakes"; }
  done
  log=shared/log/app.log
  if [ -f $log ] && [ "$(wc -c <$log)" -gt 10000000 ]; then
    mv -f $log.1 $log.2 2>/dev/null
    cp -p $log $log.1 && true >$log && say "$log has been put aside as $log.1"
  fi
  run_command "$R/made.out"; code=$?
  tail -c 100000 "$R/made.out" >>"$R/log"
  return $code
}
# by_older_agent EXIT: one that does not know `tidy` yet settles at least.
by_older_agent() { [ "$1" = 64 ] && sh .releaser/agent "$ROOT" boot; }
