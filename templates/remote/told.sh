# shellcheck shell=sh disable=SC2154,SC2034 # what is not set or used here, whoever this is put in front of sets and uses
# Telling somebody how a job goes. Functions only; the timer's program and its installer are put behind them.
#
# Of a job's data: `onFailure`, a command or an http(s) address, is told when the job goes from good to failed, and when it is good again;
# `heartbeat`, an address, is called after each good run. None of them fails the job, or holds it up for more than about TELL_SECONDS.
# An address may hold a secret: it goes to programs by their stdin, never by argv, and of it only the host is said.
# .releaser/timer/JOB/told: what was told last, good or failed. What nobody could be told is told by the next run.
TELL_SECONDS=20

is_address() { case $1 in http://* | https://*) ;; *) false ;; esac; }
host_of() { at=${1#*://}; at=${at%%[/?#]*}; at=${at##*@}; }
# teller ADDRESS: sets $teller to what can call it without showing it to whoever lists processes, which busybox' wget cannot, and $at to its host.
teller() {
  host_of "$1"
  if command -v curl >/dev/null 2>&1; then teller=curl
  elif wget --help 2>&1 | grep -q -e --input-file; then teller=wget
  elif case $1 in https:* | *://*@*) false ;; esac && command -v nc >/dev/null 2>&1; then teller=nc
  else teller=; return 1; fi
}
no_teller() { echo "$at cannot be told: there is neither curl nor GNU wget"; }

# told_before: of the run before that was cut off, or could tell nobody.
told_before() {
  [ -z "$(value started "$R/state")" ] || [ "$(value exit "$R/state")" = 0 ] || {
    before=$(value message "$R/state")
    tell failed "${before:-the run before was cut off}"
  }
}
told_end() { if [ "$1" = 0 ]; then tell good ''; beat; else tell failed "$why"; fi; } # EXIT
tell() { # good|failed WHY
  decode "$(value onFailure)"; whom=$decoded
  [ -n "$whom" ] || { [ ! -e "$R/told" ] || rm -f "$R/told"; return 0; }
  first_line "$R/told"
  if [ "$1" = "${line:-good}" ]; then return 0; fi
  result=$1 message=$2
  if is_address "$whom"; then
    text="$job of $(value app) ($(value target)) on $(value host) is good again"
    [ "$1" = good ] || text="$job of $(value app) ($(value target)) on $(value host) failed: $2"
    body="{\"job\":$(json "$job"),\"app\":$(json "$(value app)"),\"target\":$(json "$(value target)"),\"host\":$(json "$(value host)"),\"path\":$(json "$ROOT")"
    body="$body,\"ok\":$([ "$1" = good ] && echo true || echo false),\"message\":$(json "$2"),\"at\":\"$(date -u +%Y-%m-%dT%H:%M:%SZ)\",\"text\":$(json "$text")}"
    call "$whom"
  else
    at=onFailure said=''
    put "$R/tell" printf '%s\n' "$whom" && { limited tell_command >>"$R/log" 2>&1; code=$?; rm -f "$R/tell"; explain $code; }
  fi || { say "could not tell $at${said:+: $said}"; return 0; }
  say "told $at: $1"
  put "$R/told" echo "$1" || say "cannot write $ROOT/$R/told"
}
beat() {
  decode "$(value heartbeat)"; body=
  [ -z "$decoded" ] || call "$decoded" || say "could not tell $at${said:+: $said}"
}
tell_command() {
  own_locale
  [ ! -f .releaser/env ] || load_env <.releaser/env
  load_env <"$data"
  RELEASER_JOB=$job RELEASER_RESULT=$result RELEASER_MESSAGE=$message RELEASER_PATH=$ROOT
  export RELEASER_JOB RELEASER_RESULT RELEASER_MESSAGE RELEASER_PATH
  tell=$ROOT/$R/tell
  cd -P current 2>/dev/null || :
  umask 022
  detached sh "$tell"
}
# json TEXT: a string of JSON. Nothing there tells for sure what is UTF-8, so only ASCII stays as it is.
json() { printf '"%s"' "$(printf %s "$1" | tr '\001-\037\177' ' ' | tr '\200-\377' '?' | sed 's/[\\"]/\\&/g')"; }

# call ADDRESS: GETs it, or POSTs $body where there is one. Where it fails, $said may know why.
call() {
  address=$1 said=
  teller "$1" || { said='there is neither curl nor GNU wget'; return 1; }
  rm -f "$R/answer" "$R/said" "$R/body"
  [ -z "$body" ] || [ $teller != wget ] || printf %s "$body" >"$R/body" || return 1
  limited "by_$teller" >"$R/said" 2>&1; code=$?
  said=$(head -n 1 "$R/said" 2>/dev/null | tr "\t" ' ')
  if [ $code = 0 ] && [ $teller = nc ]; then
    { IFS=' ' read -r _ answer _; } <"$R/answer" 2>/dev/null || answer=nothing
    case $answer in 2??) ;; *) code=1 said="it answered $answer" ;; esac
  fi
  # Some show the address in what they say.
  case $said in *://*) said= ;; esac
  rm -f "$R/answer" "$R/said" "$R/body"
  explain $code $teller
}
# explain EXIT [PROGRAM]: sets $said, where nothing has said why it failed.
explain() {
  case $1 in 0) ;; 124) said="no answer within $TELL_SECONDS s" ;; *) said=${said:-${2:+$2: }exit code $1} ;; esac
  return "$1"
}
# A redirect would make a GET of what is posted.
by_curl() {
  hops=5 config="url = \"$(in_quotes "$address")\""
  [ -z "$body" ] || hops=0 config="$config${NL}header = \"Content-Type: application/json\"${NL}data-binary = \"$(in_quotes "$body")\""
  detached curl -q -sS -f -g -L --max-redirs $hops --max-time $TELL_SECONDS -o /dev/null -K - <<END
$config
END
}
in_quotes() { printf %s "$1" | sed 's/[\\"]/\\&/g'; }
by_wget() {
  set -- --max-redirect=5
  [ -z "$body" ] || set -- --max-redirect=0 '--header=Content-Type: application/json' "--post-file=$R/body"
  detached wget -q -t 1 -T $TELL_SECONDS -O /dev/null "$@" -i - <<END
$address
END
}
# HTTP by hand. stdin stays open until there is an answer: to some a client that has ended is one that has gone.
by_nc() {
  case $at in *']') port=80 ;; *:*) port=${at##*:} at=${at%:*} ;; *) port=80 ;; esac
  path=${address#*://}; path=${path%%#*}
  case $path in */*) path=/${path#*/} ;; *\?*) path=/\?${path#*\?} ;; *) path=/ ;; esac
  request="GET $path HTTP/1.0"
  [ -z "$body" ] || request="POST $path HTTP/1.0${NL}Content-Type: application/json${NL}Content-Length: ${#body}"
  bare=${at#[}; bare=${bare%]}
  # shellcheck disable=SC2016 # its own sh expands that
  detached sh -c '{ cat; while [ ! -s "$3" ]; do sleep 0.1 2>/dev/null || sleep 1; done; } | nc "$1" "$2" >"$3"' sh "$bare" "$port" "$R/answer" <<END
$(printf '%s\n' "$request" "Host: $at:$port" 'Connection: close' '' | sed "s/\$/$(printf '\r')/")
$body
END
}
# limited WORDS: runs this function in the background, where it becomes a program of a session of its own. 124: it took too long.
limited() {
  "$@" </dev/null &
  child=$! n=0
  while born $child && [ $n -lt $((TELL_SECONDS + 20)) ]; do
    if [ $n -lt 20 ]; then nap; else sleep 1; fi
    n=$((n + 1))
  done
  late=
  ! born $child || { late=yes; kill -TERM "-$child" || kill -TERM $child; nap; nap; kill -KILL "-$child" || kill -KILL $child; } 2>/dev/null
  wait $child; ran=$?
  child=
  if [ -z "$late" ]; then return $ran; else return 124; fi
}
