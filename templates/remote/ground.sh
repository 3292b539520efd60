# shellcheck shell=sh disable=SC2154,SC2034 # what is not set or used here, whoever this is put in front of sets and uses
# What the agent and the timer's program both stand on: values that travel as data, files that are there whole or not at all, a lock
# that a dead process does not hold, an app's environment. Functions only; theirs are R, the folder with the `lock` that is meant,
# TAB, and `signature`, which prints what a lock says of who holds it.

exists() { [ -e "$1" ] || [ -L "$1" ]; }
now() { date +%s; }
nap() { sleep 0.05 2>/dev/null || sleep 1; }
# Values travel with backslash, newline and tab escaped; the dot keeps trailing newlines.
decode() { decoded=$(printf '%b.' "$1") && decoded=${decoded%.}; }

# Older `sync` takes no operands and flushes everything: slower, as safe. One that takes them has failed when it says so.
durable() { sync "$@" 2>/dev/null || { ! sync / 2>/dev/null && sync; }; }
durable_tree() { sync -f "$1" 2>/dev/null || { ! sync -f / 2>/dev/null && sync; }; }
# put FILE WORDS: what these words print becomes FILE's content by one rename, on disk before and after. They must notice what they
# cannot write: cat, echo and printf do, sed and awk of busybox do not.
put() {
  file=$1; shift
  "$@" >"$file.$$.tmp" && durable "$file.$$.tmp" && mv -f "$file.$$.tmp" "$file" && durable "${file%/*}" || { rm -f "$file.$$.tmp"; return 1; }
}
first_line() { line=; { IFS= read -r line <"$1"; } 2>/dev/null || :; }
# free PATH: lines `disk` and `inodes`, what is free (kB, inodes) on its file system, and where that is mounted; none where it counts none.
free() {
  { echo disk; df -Pk "$1"; echo inodes; df -Pi "$1"; } 2>/dev/null | awk '/^(disk|inodes)$/ { what = $0; line = 0; next }
    line++ { for (n = NF; n > 4 && $n !~ /^([0-9]+%|-)$/; n--); if ($(n - 3) > 0) { at = $0; sub(/.*[0-9-]%? +\//, "/", at); print what "\t" $(n - 1) "\t" at } }'
}

# --- the lock: a directory of tokens, each the name of a living process --------------------------------------

BOOT=none; [ ! -r /proc/sys/kernel/random/boot_id ] || IFS=- read -r BOOT _ </proc/sys/kernel/random/boot_id
# born PID: sets $birth to when the process started (a pid alone can be somebody else's by now); fails when it is gone.
born() {
  birth=0
  if [ -r /proc/self/stat ]; then
    { IFS= read -r stat <"/proc/$1/stat"; } 2>/dev/null || return 1
    # shellcheck disable=SC2086 # to be split
    set -- ${stat##*) }
    [ "$1" != Z ] && shift 19 && birth=$1
  else
    kill -0 "$1" 2>/dev/null
  fi
}
token() { born "$$" && TOKEN=$$-$birth-$BOOT-$1; }
# living TOKEN: whether the process that this token names is still there.
living() {
  was=${1#*/lock/}; was=${was%.*}; pid=${was%%-*}; was=${was#*-}
  case $was in *-"$BOOT"-*) born "$pid" && [ "$birth" = "${was%%-*}" ] ;; *) return 1 ;; esac
}
# take_lock TX: announce, look, then hold. Of two that announce at once the one that sorts first goes on.
# Only tokens of dead processes are removed, and a token is never used twice, so nobody's lock is taken from them. Where another one
# was faster busybox's rm says so, even with -f.
take_lock() {
  mine=$R/lock/$TOKEN litter=
  while :; do
    signature >"$mine.want" || return 1
    after_me=; verdict=free
    for other in "$R"/lock/*; do
      case $other in "$mine".want) after_me=yes; continue ;; *-"$1".held) continue ;; esac
      living "$other" || { case $other in *.held) litter=yes ;; esac; rm -f "$other" 2>/dev/null; continue; }
      case $other in
        *.held) verdict=held; holder=$other; break ;;
        *) if [ -z "$after_me" ]; then verdict=later; elif [ "$verdict" = free ]; then verdict='wait'; fi ;;
      esac
    done
    case $verdict in
      free) mv "$mine.want" "$mine.held" && return 0; return 1 ;;
      held) rm -f "$mine.want"; return 4 ;;
      later) rm -f "$mine.want"; nap ;;
      wait) nap ;;
    esac
  done
}
# holder_now: sets $holder to the token of who is at work here.
holder_now() {
  for holder in "$R"/lock/*.held; do [ -e "$holder" ] && living "$holder" && return 0; done
  holder=; return 1
}

# --- what somebody's own command finds --------------------------------------------------------------------------

# own_locale: somebody's own command gets the language of the host back, which we have put aside.
own_locale() {
  if [ -n "${RELEASER_LC_ALL:-}" ]; then LC_ALL=$RELEASER_LC_ALL; else unset LC_ALL; fi
  unset RELEASER_LC_ALL
}
load_env() {
  while IFS=$TAB read -r key name value; do
    [ "$key" = env ] || continue
    decode "${value:-}"; export "$name=$decoded"
  done
}
detached() { if command -v setsid >/dev/null 2>&1; then exec setsid "$@"; else exec "$@"; fi; }
# careful_shell SCRIPT: sets $shell, which runs it, and $careful, its first words. Not every `sh` knows when a part of a pipe fails; where
# none does, and that matters, it sets $why, and fails.
careful_shell() {
  careful='set -e -o pipefail'
  for shell in sh bash 'busybox sh' ksh mksh; do $shell -c 'set -o pipefail' 2>/dev/null && return 0; done
  shell='sh' careful='set -e'
  case $(printf '%s\n' "$1" | sed 's/||//g') in *'|'*) why='no shell there can tell when a part of a pipe fails: have the command do without'; return 1 ;; esac
}
