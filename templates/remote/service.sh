# shellcheck shell=sh disable=SC2154,SC2034 # what is not set or used here, agent.sh sets and uses
# The agent's part for the app as a process: its environment, stop, start, and the way back. Functions only;
# agent.sh is put behind it. What is run comes from the plan: a service, one for the release that leaves, one for the new one:
#
#   service old|new DIR SECONDS kill|spare KIND UNIT START STOP PID VERSION PATIENCE
#
# KIND and UNIT are those of unit.sh, scripts are escaped, and `-` stands where there is none.
#
# In .releaser/ it keeps:
#   env            env<TAB>NAME<TAB>value, the app's environment; shared/env says the same to people, sh and systemd
#   app            PID BIRTH BOOT DIR: the process that was started last, and the release directory that it came from

# use_service old|new: sets s_* to that service of the plan; fails where the plan has none.
use_service() {
  s_which=$1
  IFS=$TAB read -r s_dir s_seconds s_kill s_kind s_unit s_start s_stop s_pid s_version s_patience <<END
$(field "service$TAB$1" "$T/plan")
END
  [ -n "$s_dir" ]
}
# app_env old|new: what a command of a release finds in its environment. The old one keeps its own until it is gone.
app_env() {
  own_locale
  file=$R/env
  if [ "$1" = old ]; then if [ -e "$ROOT/$T/back/env.none" ]; then file=none; elif [ -f "$ROOT/$T/back/env" ]; then file=$T/back/env; fi; fi
  [ ! -f "$ROOT/$file" ] || load_env <"$ROOT/$file"
  load_env <"$ROOT/$T/plan"
  [ -z "${returning:-}" ] || back_env
}
# in_app SCRIPT: this process becomes the script, in the release's physical directory, with the app's environment.
in_app() {
  decode "$1"; script=$decoded
  cd -P "$ROOT/releases/$s_dir" || exit 1
  app_env "$s_which"
  RELEASER_RELEASE_DIR=$PWD; export RELEASER_RELEASE_DIR
  detached sh -c "$script" sh
}
# ask SECONDS SCRIPT: leaves what the script prints in $T/answer; fails where it does, or takes longer.
ask() {
  (in_app "$2") </dev/null >"$T/answer" 2>&1 3<&- 4>&- 5<&- &
  bounded "$1" $! && return 0
  rm -f "$T/late"; return 1
}

# app_now: sets `app` to the process id of the running app; fails where none runs.
app_now() {
  app=
  [ "$s_unit" = - ] || ! unit_app || return 0
  if [ -r "$R/app" ] && IFS=' ' read -r app app_birth app_boot app_dir <"$R/app"; then
    [ "$app_boot" = "$BOOT" ] && born "$app" && [ "$birth" = "$app_birth" ] && return 0
  fi
  find_app && return 0
  [ "$s_unit" = - ] && [ "$s_pid" != - ] && ask 20 "$s_pid" || return 1
  app=$(tr -cd '0-9\n' <"$T/answer" | grep . | head -n 1)
  [ -n "$app" ] && born "$app" && note_app
}
# find_app: where the record could not be written, the process itself says which release it serves.
find_app() {
  [ -f shared/log/app.log ] || return 1
  # shellcheck disable=SC2013 # one word a process
  for found in $(grep -lsF "RELEASER_SERVES=$ROOT/releases/" /proc/[0-9]*/environ); do
    app=${found#/proc/}; app=${app%/environ}
    { IFS= read -r stat <"/proc/$app/stat"; } 2>/dev/null || continue
    # shellcheck disable=SC2086 # to be split
    set -- ${stat##*) }
    [ "$4" = "$app" ] && born "$app" || continue
    app_birth=$birth app_dir=$(tr '\0' '\n' <"$found" | sed -n 's|^RELEASER_SERVES=.*/releases/||p')
    return 0
  done
  app=; return 1
}
fact_app() { s_pid=-; fact_unit; ! app_now || fact app "$app$TAB$app_dir"; }
# Where it cannot be written down the app runs all the same, and is looked for the next time.
note_app() { app_birth=$birth app_dir=$s_dir; put "$R/app" echo "$app $birth $BOOT $s_dir" || rm -f "$R/app" || :; }
# Its whole group, where it leads one: a shell in between must not be all that ends.
signal_app() { kill "-$1" "-$app" 2>/dev/null || kill "-$1" "$app" 2>/dev/null || :; }
app_gone() { ! { born "$app" && [ "$birth" = "$app_birth" ]; } && ! group_lives "$app"; }
# group_lives PID: whether anybody of its group is left. The dead whom nobody has buried yet, as where PID 1 is no init, answer `kill` too.
group_lives() {
  kill -0 "-$1" 2>/dev/null || return 1
  [ -r /proc/self/stat ] || return 0
  group=$1
  for member in /proc/[0-9]*/stat; do
    { IFS= read -r stat <"$member"; } 2>/dev/null || continue
    # shellcheck disable=SC2086 # to be split
    set -- ${stat##*) }
    [ "$3" != "$group" ] || [ "$1" = Z ] || return 0
  done
  return 1
}
# within SECONDS WORDS: waits for these words to come true.
within() {
  ticks=$(($1 * 20)); sleep 0.01 2>/dev/null || ticks=$1
  shift
  while ! "$@"; do [ "$ticks" -gt 0 ] || return 1; ticks=$((ticks - 1)); nap; done
}
# stop_app SECONDS kill|spare: asks the app to stop, and waits until it is gone. One that does not run is stopped.
stop_app() {
  [ "$s_unit" = - ] || stop_unit "$1" || return 1
  app_now || { rm -f "$R/app"; return 0; }
  grace=5; [ -z "${returning:-}" ] || grace=1
  if [ "$s_stop" = - ]; then signal_app TERM; asked=0; else ask "$1" "$s_stop"; asked=$?; fi
  { [ $asked = 0 ] && within "$1" app_gone; } || { signal_app TERM; within $grace app_gone; } \
    || { [ "$2" = kill ] && { signal_app KILL; within 5 app_gone; }; } \
    || { why="it did not stop within $1 s, nor on TERM: pid $app"; return 1; }
  rm -f "$R/app"
}
start_app() {
  if app_now; then
    # What has outlived its unit, since nobody may kill it, runs on where it is to run again.
    [ "$app_dir" = "$s_dir" ] && { [ "$s_unit" = - ] || [ "$app" = "$u_pid" ] || [ -n "${returning:-}" ]; } \
      || { why="pid $app of releases/$app_dir is still there"; return 1; }
    return 0
  fi
  [ "$s_unit" = - ] || { start_unit; return; }
  mkdir -p shared/log && true >>shared/log/app.log || cannot "write in shared/log" || return
  wc -c <shared/log/app.log >"$T/log-began"
  (RELEASER_SERVES=$ROOT/releases/$s_dir; export RELEASER_SERVES; in_app "$s_start") </dev/null >>shared/log/app.log 2>&1 3<&- 4>&- 5<&- &
  app=$!
  ! born "$app" || note_app
  # What ends at once has failed, or has daemonised.
  within 1 ended_early || return 0
  wait "$app"; code=$?
  rm -f "$R/app"
  [ $code = 0 ] || { why="start ended with exit code $code"; return 1; }
  [ "$s_pid" != - ] || { why="start ended with exit code 0 and there is no pid command that says which process the app is"; return 1; }
  patiently "$s_patience" app_now || { why="start ended with exit code 0, but pid names no process"; return 1; }
}
ended_early() { ! born "$app"; }

# --- steps -------------------------------------------------------------------------------------------------------

step_configure() { # the app's environment takes the place of the one that is there
  save env "$R/env" && save shared-env shared/env && durable "$T/back" || cannot "write the way back" || return
  sed -n "s/^app-env$TAB/env$TAB/p" "$T/plan" | (umask 077 && put "$R/env" cat) && decode "$(field shared-env "$T/plan")" \
    && (umask 077 && put shared/env printf %s "$decoded") || cannot "write shared/env"
}
# save NAME FILE: FILE's content, or that it is not there, is laid by for the way back, once.
save() {
  ! exists "$T/back/$1" && ! exists "$T/back/$1.none" || return 0
  if [ -f "$2" ]; then cp -p "$2" "$T/back/$1.tmp" && mv "$T/back/$1.tmp" "$T/back/$1"; else true >"$T/back/$1.none"; fi
}
configure_back() { unit_back && restore env "$R/env" && restore shared-env shared/env && restart_back; }
restore() {
  if [ -e "$T/back/$1.none" ]; then rm -f "$2"; elif [ -e "$T/back/$1" ]; then mv -f "$T/back/$1" "$2"; else return 0; fi && durable "${2%/*}"
}
step_stop() { # the release that leaves
  use_service old || return 0
  true >"$T/stopped" && durable "$T" || cannot "write the way back" || return
  stop_app "$s_seconds" "$s_kill"
}
step_start() {
  use_service new && true >"$T/started" && durable "$T" || cannot "write the way back" || return
  start_app || { given_up || broke; return 1; }
}

# --- the way back ------------------------------------------------------------------------------------------------

# What was started must go, so that what served can come: nothing that hangs may hold it up, so here KILL ends the wait.
app_back_stop() {
  [ -e "$T/started" ] && use_service new || return 0
  returning=yes; back_hooks pre-stop
  ended=0
  # Where this had been done before, it is the old release that runs. What systemd is about to start again has to be stopped too.
  if app_now || { [ "$s_unit" != - ] && ! unit_idle; }; then
    { [ -n "$app" ] && [ "$app_dir" != "$s_dir" ]; } || stop_app 3 kill; ended=$?
  fi
  back_hooks post-stop
  return $ended
}
app_back_start() {
  { [ -e "$T/stopped" ] || [ -e "$T/parting" ]; } && use_service old || return 0
  returning=yes; back_hooks pre-start; start_app && back_hooks post-start
}
# A restart that was cut off between its halves: somebody's app must not stay down. One that has been tried is not tried again.
restart_back() { [ "$(field action "$T/plan")" != restart ] || [ -e "$T/started" ] || app_back_start || :; }
