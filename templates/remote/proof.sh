# shellcheck shell=sh disable=SC2154,SC2034 # what is not set or used here, service.sh and agent.sh set and use
# The agent's part for the proof that the app which was started is there, is the right one, and stays. Some take their time: they
# say their process id or their version only once they have booted. Functions only; agent.sh is put behind it.

# patiently SECONDS WORDS: tries these words until they come true, for so long; the client giving up ends that, unless we are on the way back.
patiently() {
  sleep "$1" >/dev/null 2>&1 3<&- 4>&- 5<&- &
  patience=$!
  shift
  while ! "$@"; do
    { [ -n "${returning:-}" ] || [ ! -e "$T/gone" ]; } && born "$patience" || { kill -KILL "$patience" 2>/dev/null; return 1; }
    nap
  done
  kill -KILL "$patience" 2>/dev/null || :
}
# first_words: the app's version in $T/answer, as soon as it says it; fails where it ends before that, or says nothing in time.
first_words() {
  spoken=
  ! patiently "$s_patience" speaks || [ "$spoken" != yes ] || return 0
  ! given_up || return 1
  if [ "$spoken" = gone ]; then why='the app has ended'
  else why="version failed: $(head -c 300 "$T/answer" | tr '\n\t' '  ')"; fi
  broke
}
speaks() {
  if ask 20 "$s_version"; then spoken=yes; elif app_gone; then spoken=gone; else return 1; fi
}
# show_log: the end of what the app wrote since it was started, and how a crash dump of the Erlang VM begins.
show_log() {
  [ -n "${number:-}" ] || return 0
  { if [ "$s_unit" != - ]; then unit_log
    else tail -c "+$(($(cat "$T/log-began" 2>/dev/null || echo 0) + 1))" shared/log/app.log 2>/dev/null | tail -c 16384 | tail -n 20; fi
    for dump in "releases/$s_dir"/erl_crash.dump shared/log/erl_crash.dump; do
      [ -z "$(find "$dump" -newer "$T/began" 2>/dev/null)" ] || head -n 3 "$dump"; done; } \
    | awk -v mark="@${TAB}out$TAB$number$TAB" '{ print mark $0 }' 2>/dev/null || :
}

# --- steps -------------------------------------------------------------------------------------------------------

# The client asks the app whether it answers; here somebody looks whether it lives meanwhile.
step_health() {
  use_service new || return 1
  (while within 1 false || :; do app_now || { echo died 1<>"$T/ctl"; exit; }; done) >/dev/null 2>&1 3<&- 5<&- &
  looking=$!
  tell "wait${TAB}healthy"; hear 'go healthy'; heard_it=$?
  kill -KILL $looking 2>/dev/null
  [ $heard_it != 0 ] || return 0
  case $why in died) why='the app has ended' ;; unhealthy) why='the app does not answer as it should' ;; *) return 1 ;; esac
  broke
}
# broke: it was the release's own fault; what it wrote shows why.
broke() { printf '%s\n' "$s_dir" >"$T/own-failure"; show_log; return 1; }
# step_prove SECONDS VERSION: it is the process that was started, from this release, still there after so long, and says this version.
step_prove() {
  use_service new && app_now || { why='the app has ended'; broke; return; }
  [ "$s_unit" = - ] || unit_steady || { why='the app ended after its start, and systemd has started it again'; broke; return; }
  first="$app $app_birth"
  left=$1; while [ "$left" -gt 0 ] && ! given_up && ! app_gone; do sleep 1; left=$((left - 1)); done
  ! given_up || return 1
  app_now && [ "$first" = "$app $app_birth" ] || { why="the app ended within $1 s after its start${app:+, and was started again}"; broke; return; }
  # shellcheck disable=SC2012 # find -lname is not for everybody
  elsewhere=$(ls -l "/proc/$app/cwd" "/proc/$app/exe" 2>/dev/null | sed -n 's|.* -> \(.*\)|\1/|p')
  case $elsewhere in
    *"$(pwd -P)/releases/$s_dir/"*) ;;
    *"$(pwd -P)/releases/"*) why="pid $app runs from another release: $(printf '%s' "$elsewhere" | tr '\n' ' ')"; broke; return ;;
  esac
  [ "$s_version" != - ] && [ "$2" != - ] || return 0
  first_words || return
  case "$(cat "$T/answer")" in *"$2"*) ;; *) why="the app says that it is $(head -n 1 "$T/answer" | head -c 100), not $2"; broke; return ;; esac
}
