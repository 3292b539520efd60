# shellcheck shell=sh
# Asks an app from the host itself, where sshd lets nobody through to its port. The client puts one call behind these functions:
#   probe_tcp PORT SECONDS
#   probe_http PORT SECONDS NAME PATH HOST STATUS TEXT SHOWN
# NAME: how messages call it. STATUS, TEXT: what is expected, or empty; SHOWN: TEXT as messages show it.
# Ends with 0 where all is well, else with 1 and one line on stdout that says why not. Its words are those of src/remote/probe-words.ts.
NL='
'
CR=$(printf '\r')
LATE='(no more came in time)'
MOST=65536
LC_ALL=C
export LC_ALL
unset http_proxy HTTP_PROXY all_proxy ALL_PROXY

say() { printf '%s\n' "$1"; exit 1; }
has() { command -v "$1" >/dev/null 2>&1; }

# timed COMMAND…: its output, and LATE after it where it had to be ended. COMMAND is a function that ends in `exec`, or short.
timed() {
  {
    "$@" </dev/null 2>&1 &
    asked=$!
    time_up >/dev/null &
    timer=$!
    wait "$asked"
    code=$?
    kill -KILL "$timer" # mksh loses a TERM that comes before a child has begun
    [ "$code" -ne 143 ] || printf '%s' "$NL$LATE"
  } 2>/dev/null
  return "$code"
}

# Ends what is asked after a while. A second at a time: whoever ends it leaves no long `sleep` behind.
time_up() {
  left=$seconds
  while [ "$left" -gt 0 ]; do sleep 1; left=$((left - 1)); done
  kill "$asked"
}

# --- somebody takes connections -------------------------------------------------------------------------------

probe_tcp() {
  port=$1 seconds=$2
  if has bash; then how=dial_bash
  elif [ -r /proc/net/tcp ]; then how=look_up
  elif has nc; then how=dial_nc
  else say "to ask port $port from the host itself, bash or nc is missing there"; fi
  for address in 127.0.0.1 ::1; do
    answer=$(timed "$how") && exit 0
    case $answer in *"$LATE") say "port $port: no answer within $seconds s" ;; esac
  done
  say "nobody listens on port $port"
}

# shellcheck disable=SC2016 # for bash to expand
dial_bash() { exec bash -c 'exec 3<>"/dev/tcp/$0/$1"' "$address" "$port"; }
dial_nc() { exec nc -z "$address" "$port"; }
# The kernel's tables of both families: the state is LISTEN (0A), the address (in which zeros mean nothing) any or a loopback.
look_up() {
  cat /proc/net/tcp /proc/net/tcp6 2>/dev/null | awk -v "port=$(printf ':%04X' "$port")" '
    $4 == "0A" && substr($2, length($2) - 4) == port {
      address = substr($2, 1, length($2) - 5)
      gsub(/0/, "", address)
      if (address ~ /^(|1|17F|7F1|FFFF17F|FFFF7F1)$/) found = 1
    }
    END { exit !found }'
}

# --- an answer over HTTP --------------------------------------------------------------------------------------

probe_http() {
  port=$1 seconds=$2 name=$3 path=$4 host=$5 status=$6 text=$7 shown=$8
  if has curl; then how=get_curl
  elif has bash; then how=get_bash
  elif has wget; then how=get_wget
  else say "to ask port $port from the host itself, curl, wget or bash is missing there"; fi
  answer=$(get 127.0.0.1)
  if is_nobody "$answer"; then
    other=$(get '[::1]')
    is_nobody "$other" || answer=$other
  fi
  end='' where='its body'
  case $answer in *"$LATE") end=late where="what came of its body within $seconds s" answer=${answer%"$NL$LATE"} ;; esac
  [ "${#answer}" -lt "$MOST" ] || where='the first 64 kB of its body'
  [ "$how" != get_wget ] || answer=$(printf '%s\n' "$answer" | plain_head)
  judge
}

get() {
  address=$1
  timed "$how" | head -c "$MOST"
}
is_nobody() { case $1 in *HTTP/1.*) return 1 ;; '' | *refused* | *onnect\ to*) return 0 ;; *) return 1 ;; esac; }

get_curl() { exec curl -q -sS -g -i -N -A releaser -H "Host: $host" "http://$address:$port$path"; }
# shellcheck disable=SC2016 # for bash to expand
get_bash() {
  address=${address#[}
  exec bash -c 'exec 3<>"/dev/tcp/$0/$1" &&
    printf "GET %s HTTP/1.0\r\nHost: %s\r\nUser-Agent: releaser\r\nAccept: */*\r\nConnection: close\r\n\r\n" "$2" "$3" >&3 &&
    exec cat <&3' "${address%]}" "$port" "$path" "$host"
}
get_wget() { exec wget -q -S -O - -t 1 -U releaser --header "Host: $host" "http://$address:$port$path"; }
# wget shows the head of each answer, indented, before the last one's body: the first head is made like the others'.
plain_head() {
  awk '
    !body && /^  / { if (!status++) print substr($0, 3) "\r\n\r"; next }
    !body && /^\r*$/ || /^wget: server returned error/ { next }
    { body = 1; print }'
}

judge() {
  case $answer in
    HTTP/*) ;;
    '') [ -z "$end" ] || say "$name: no answer within $seconds s"
        [ "$how" = get_wget ] || say "$name: the connection was closed without an answer"
        say "$name: nobody listens there, or the connection was closed without an answer" ;;
    'curl: (52)'* | 'curl: (56)'* | 'wget: error getting response'* | *'reset by peer'*)
      say "$name: the connection was closed without an answer" ;;
    *refused* | *onnect\ to*) say "nobody listens on port $port" ;;
    *) say "$name: what answers is not HTTP: $(first_line "$answer")" ;;
  esac
  got=${answer#* }
  got=${got%%[!0-9]*}
  answer=$answer$NL
  body=''
  case $answer in *"$NL$CR$NL"*) body=${answer#*"$NL$CR$NL"} ;; *"$NL$NL"*) body=${answer#*"$NL$NL"} ;; esac
  line=$(first_line "$body")
  [ -z "$line" ] || line=": $line"
  case $status/$got in /[23]?? | "$got/$got") ;; *) say "$name answered $got, not ${status:-200-399}$line" ;; esac
  case $body in *"$text"*) exit 0 ;; esac
  say "$name answered $got without $shown in $where$line"
}

# The first line of a text with something in it, 120 bytes at most.
first_line() {
  rest=${1#"${1%%[![:space:]]*}"}
  rest=${rest%%["$CR$NL"]*}
  printf '%.120s' "$rest"
}
