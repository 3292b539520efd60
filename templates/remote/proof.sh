# shellcheck shell=sh disable=SC2154,SC2034 # what is not set or used here, service.sh and agent.sh set and use
# The agent's part for apps that take their time: some say their process id or their version only once they have booted.

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
