# shellcheck shell=sh disable=SC2154,SC2034 # what is not set or used here, the parts before it set and use
# Tells how the jobs of a host are, and which backups lie there. ground.sh and boot.sh are put in front of it; they are sent for one look, take
# no lock, write nothing and stay nowhere. stdin: `look`, or `log<TAB>JOB<TAB>LINES`, which prints `out<TAB>LINE…` and `end<TAB>log`; or
# `closer`, where closer.sh is put in front as well, and says what that takes and tells.
#
# stdout: `wall<TAB>YYYYMMDDHHMM<TAB>SECONDS`, the clock on the wall and the time; `way<TAB>KIND<TAB>yes|no`, by what jobs are woken and whether that is
# there; for each job that is installed or has run
# `job<TAB>NAME`, and below it the lines of its data but for its commands and whom it tells, `since`, `run<TAB>` and the lines of its state, `alive` while it runs; for each
# backup `backup<TAB>NAME<TAB>BYTES<TAB>SHA256`; then `end<TAB>jobs`.
set -u
TAB=$(printf '\t')
ROOT=$1 R=.releaser

tell_log() { # JOB LINES
  cd "$ROOT/$R/timer" && case $1 in backup | sanitize | verify) ;; *) false ;; esac || exit 1
  { [ ! -f "$1/log.1" ] || cat "$1/log.1"; cat "$1/log"; } 2>/dev/null | tail -n "$2" | awk -v tab="$TAB" '{ print "out" tab $0 }'
}
tell_wall() { printf 'wall\t%s\t%s\n' "$(date +%Y%m%d%H%M)" "$(now)"; }
tell_jobs() {
  tell_wall
  cd "$ROOT" || exit 1
  if IFS=$TAB read -r kind unit mark 2>/dev/null <$R/timer/way; then
    [ "$kind" = cron ] || unit=$unit.timer
    printf 'way\t%s\t%s\n' "$kind" "$([ -n "$(installed "$kind" "$unit" "$mark")" ] && echo yes || echo no)"
  fi
  for job in backup sanitize verify; do
    dir=$R/timer/$job
    [ -f "$dir/job" ] || [ -f "$dir/state" ] || continue
    printf 'job\t%s\n' "$job"
    # What may hold a secret stays there.
    [ ! -f "$dir/job" ] || grep -v -e "^command$TAB" -e "^post-backup$TAB" -e "^onFailure$TAB" -e "^heartbeat$TAB" "$dir/job"
    [ ! -f "$dir/since" ] || sed "s/^/since$TAB/" "$dir/since"
    [ ! -f "$dir/state" ] || sed "s/^/run$TAB/" "$dir/state"
    for holder in "$dir"/lock/*.held; do [ ! -e "$holder" ] || ! living "$holder" || echo alive; done
  done
  for file in backups/*.tar.gz backups/*.tar.gz.age; do
    [ -f "$file" ] && [ -f "$file.sha256" ] || continue
    first_line "$file.sha256"
    # No arithmetic: some shells count up to 2 GB.
    bytes=$(wc -c <"$file")
    printf 'backup\t%s\t%s\t%s\n' "${file#backups/}" "${bytes##* }" "${line%% *}"
  done
}

IFS=$TAB read -r verb job lines
case $verb in
  log) tell_log "$job" "$lines" && printf 'end\tlog\n' ;;
  look) tell_jobs && printf 'end\tjobs\n' ;;
  closer) look_closer ;;
esac
