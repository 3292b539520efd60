# shellcheck shell=sh disable=SC2154,SC2034 # what is not set or used here, the parts around it set and use
# Clearing up: a part of the timer's program, which is put behind it. Functions only.

job_sanitize() {
  serving || return
  made=''
  # Ours: what a deploy that was cut off has left, and a log that has grown. The app goes on writing in the same file.
  [ ! -r .releaser/agent ] || sh .releaser/agent "$ROOT" boot >>"$R/log" 2>&1 || say 'what a deploy left here could not be settled'
  log=shared/log/app.log
  if [ -f $log ] && [ "$(wc -c <$log)" -gt 10000000 ]; then
    mv -f $log.1 $log.2 2>/dev/null
    cp -p $log $log.1 && true >$log && say "$log has been put aside as $log.1"
  fi
  run_command "$R/made.out"; code=$?
  tail -c 100000 "$R/made.out" >>"$R/log"
  return $code
}
