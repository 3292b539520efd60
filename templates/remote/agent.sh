#!/bin/sh
# shellcheck shell=sh disable=SC2154 # what is not set here, the other parts set
# The agent: the part of releaser that lives on a host, in PATH/.releaser/agent-<sha256>.sh.
#
# (Its other parts beside this file, see agent-script.ts, are put in front of it: on a host they are one script.)
# It decides nothing. The client reads facts, makes a plan and hands it over; the agent carries it out under a
# lock, notes the way back before each deed, takes back what failed or was not confirmed, and tells line by line.
# POSIX sh and the usual small tools: dash, bash, busybox ash, ksh, mksh. No `local`, no arrays, no GNU flags.
# Files are emptied by `true >`: where `: >` cannot open its file, the whole shell ends.
#
# Verbs, one an exec: status, run, receive, confirm, exec, build. Their words come on stdin, never in argv. `boot` and `tidy` are for the host alone.
# stdout is data: `key<TAB>value…`, and while a plan runs `@<TAB>event<TAB>…`, the last one `@ end RESULT text`.
# stderr is for people. Exit codes: 0 done, 1 could not, 64 not understood. The last line says more than they do.
#
# In .releaser/: format identity seq state history frozen manifests/ID overlays/DIR covered/DIR/ seeds lock/ incoming/DIGEST/ trash/ flip/
#   journal/TX.open       nothing has been stopped or switched yet
#   journal/TX.pending    switched, or about to: goes back unless it is confirmed
#   journal/TX.confirmed  stays: what is left is to write down that it does
#   journal/TX.reverting  goes back
#   tx/TX/                plan, back/ (the link back, made beforehand), seeded, ctl (fifo), beat
# A journal only moves by rename, so that of confirming and going back exactly one wins.
set -u
umask 022
FORMAT=1
TAB=$(printf '\t')
NL='
'
R=.releaser
# What brought us here in a variable is no business of all that we start.
MYSELF=${RELEASER_AGENT:-}; unset RELEASER_AGENT

tell() { printf '@\t%s\n' "$1" 2>/dev/null || :; }
end() { tell "end$TAB$1$TAB${2:-}"; }
field() { sed -n "/^$1$TAB/{s///p;q;}" "$2"; }
# columns NAMES: these fields of the plan, and `now`, in one line.
columns() {
  at=; case " $1 " in *' now '*) at=$(now) ;; esac
  awk -F"$TAB" -v names="$1" -v now="$at" 'BEGIN { n = split(names, name, " "); of["now"] = now } !($1 in of) { of[$1] = substr($0, length($1) + 2) }
    END { for (i = 1; i <= n; i++) printf "%s%s", of[name[i]], i < n ? "\t" : "\n" }' "$T/plan"
}

# --- who is at work --------------------------------------------------------------------------------------------

# signature: who is at work, since when, on what, from where: what a lock says.
signature() { columns 'by now message where'; }

# --- status ---------------------------------------------------------------------------------------------------

fact() { printf '%s\t%s\n' "$1" "$2"; }
verb_status() {
  wishes=' '; while IFS= read -r wish; do wishes="$wishes$wish "; done
  fact root "$ROOT"
  fact time "$(now)"
  fact system "$(uname -sm)"; fact_libc
  me=$(id -un 2>/dev/null)
  fact user "$me$TAB$(id -u)"
  fact_systemd "$me"
  for tool in age awk cat chmod cmp cp crontab cut date dd df find grep gzip ln ls mkdir mkfifo mv openssl readlink rm rmdir sed setsid sha256sum shasum \
    sleep sort sync tail tar tr uname wc zstd; do command -v "$tool" >/dev/null 2>&1 && fact tool "$tool"; done
  [ "$(printf ab | head -c 1 2>/dev/null)" != a ] || fact tool 'head -c'
  [ "$(printf 'a b\0c' | xargs -0 sh -c 'printf %s. "$@"' sh 2>/dev/null)" != a\ b.c. ] || fact tool 'xargs -0'
  near=$ROOT; while [ ! -e "$near" ]; do near=${near%/*}; near=${near:-/}; done
  if [ -w "$near" ] && [ -d "$near" ]; then fact writable yes; else fact writable "no$TAB$near"; fi
  free "$near"
  cd "$ROOT" 2>/dev/null || { fact end status; return 0; }
  fact exists yes
  # What is far too large is nothing of ours, and reading it would take for ever.
  large=$({ find $R/seq $R/format $R/identity $R/boot $R/app $R/frozen $R/lock -type f -size +128; find $R/history $R/overlays shared/env -type f -size +65536; } 2>/dev/null | head -n 1)
  [ -z "$large" ] || { fact foreign "$large"; return 0; }
  # First of all: what changes while the rest is read makes a plan void.
  [ ! -r $R/seq ] || { first_line $R/seq; fact seq "$line"; }
  serving=; if [ -L current ]; then serving=$(readlink current); fact current "link$TAB$serving"; elif exists current; then fact current "foreign${TAB}a real file or directory"; fi
  for dir in releases/*/; do dir=${dir%/}; [ -d "$dir" ] && [ ! -L "$dir" ] && fact dir "${dir#releases/}"; done
  [ -r $R/format ] || { fact end status; return 0; }
  first_line $R/format; fact format "$line"
  first_line $R/identity; fact identity "$line"
  for file in "$R"/manifests/*; do [ -f "$file" ] && fact manifest "${file##*/}"; done
  [ ! -r $R/boot ] || { IFS=$TAB read -r kind unit mark <$R/boot; fact boot "$kind"; installed "$kind" "$unit" "$mark" | sed "s/^/booted$TAB/"; }
  [ ! -f shared/env ] || [ ! -f $R/env ] || fact app-env "$(hash_of shared/env)"
  fact_app; fact_cookies; fact_signatures
  # Ours are shorter: what was lost or is somebody's rubbish is made anew.
  [ ! -r $R/state ] || [ -n "$(find $R/state -size +2000)" ] || awk -v OFS="$TAB" '{ print "state", substr($0, 1, 5000) }' $R/state
  awk -v OFS="$TAB" '{ dir = FILENAME; sub(".*/", "", dir); print "overlay", dir, substr($0, 1, 9000) }' "$R"/overlays/* 2>/dev/null
  [ ! -r $R/history ] || tail -c 1000000 $R/history | tail -n "${1:-50}" | awk -v OFS="$TAB" '{ print "history", substr($0, 1, 5000) }'
  for file in "$R"/incoming/*; do [ ! -d "$file" ] || fact partial "$(du -sk "$file" 2>/dev/null | cut -f 1)$TAB$(find "$file" | wc -l)"; done
  [ ! -e $R/frozen ] || fact frozen "$(head -n 1 $R/frozen)"
  case $wishes in *' in-use '*) fact in-use known; releases_in_use | sed "s/^/in-use$TAB/" ;; esac
  if holder_now; then fact lock "$(cat "$holder")"
  else
    for file in "$R"/journal/*; do [ -e "$file" ] && fact unsettled "${file##*/}"; done
    for file in "$R"/lock/*.held; do [ ! -e "$file" ] || living "$file" || fact litter "${file##*/}"; done
    for file in "$R"/tx/*; do [ ! -e "$file" ] || owned "$file" || fact litter "${file##*/}"; done
  fi
  fact end status
}

# --- the way back -----------------------------------------------------------------------------------------------

phase() { [ -e "$R/journal/$TX.$1" ]; }
# The rename decides. What is about to switch must know it on disk as well; what is decided already goes on.
move_phase() { mv "$R/journal/$TX.$1" "$R/journal/$TX.$2" 2>/dev/null && { durable $R/journal || [ "$2" != pending ]; }; }
points_to() { [ -L current ] && [ "$(readlink current)" = "releases/$1" ]; }
# A link made under its final name in another directory and moved here is one rename(2) with any mv, and a real
# directory in the way is refused. The link is read back, since no exit code proves anything.
flip() {
  points_to "$1" && return 0
  { ! exists $R/flip/current || rm -f $R/flip/current; } && ln -s "releases/$1" $R/flip/current && mv -f $R/flip/current . && durable . && points_to "$1" && return 0
  rm -f $R/flip/current; return 1
}
# The link back was made before the switch: moving it needs neither a block nor an inode on a full disk.
flip_back() {
  if [ "$1" = - ]; then { [ ! -L current ] || rm -f current; } && durable . && ! exists current
  elif points_to "$1"; then :
  elif [ -L "$T/back/current" ]; then mv -f "$T/back/current" . && durable . && points_to "$1"
  else flip "$1"; fi
}
# What a release shipped under a shared path leaves again, unless the release has its name: it will not be sent again.
unseed() {
  [ -f "$T/seeded" ] && [ ! -d "releases/$(sed -n "s/^step${TAB}publish$TAB.*$TAB//p" "$T/plan")" ] || return 0
  while IFS=$TAB read -r path kind; do
    exists "shared/$path" && { rm -rf "${R:?}/trash/seed.$TX" && mv "shared/$path" "$R/trash/seed.$TX" || return 1; }
    [ "$kind" != d ] || mkdir -p "shared/$path" || return 1
    forget_seed "$path" || return 1
  done <"$T/seeded"
}
forget_seed() { [ ! -f $R/seeds ] || awk -F"$TAB" -v p="$1" '$1 != p' $R/seeds | put $R/seeds cat; }
note_history() { # OK RESULT: one line a transaction, however often it is settled
  grep -q "$TAB$TX$TAB" $R/history 2>/dev/null && return 0
  ended=$(now); first_line "$T/began"
  printf '%s\t%s\t%s\t%s\t%s\t%s\n' "$ended" "$TX" "$(columns 'action release previous by where')" "$1" "$((ended - ${line:-$ended}))" "$2" \
    >>$R/history && durable $R/history
}
state_lines() { sed -n "s/^$1$TAB//p" "$T/plan"; }
journalled() { phase open || phase pending || phase confirmed || phase reverting; }
# Once it is gone it is closed: one that a power cut brings back is settled once more, to the same end.
read_seq() { first_line $R/seq; seq=$line; case $seq in '' | *[!0-9]*) seq=0 ;; esac; }
# advance: plans that were made before are void from here on; at the end too, for facts may have been read meanwhile.
advance() { read_seq; put $R/seq echo $((seq + 1)); }
close_journal() { advance || :; rm -f "$R/journal/$TX.$1" && { durable $R/journal || :; }; }
# settle: brings the transaction TX to its end, wherever it was left. Every part may be done twice.
settle() { settle_once || { rm -rf "$R/spare" && settle_once; }; }
settle_once() {
  T=$R/tx/$TX
  phase open || ! journalled || [ -s "$T/plan" ] || return 1
  if phase confirmed; then
    state_lines next | put $R/state cat && note_history ok "" && { clear_restore || :; } && close_journal confirmed
  elif phase reverting; then
    app_back_stop || :
    places_back && configure_back && link_back "$(field from "$T/plan")" && app_back_start || return 1
    # On a full disk these two cannot be written; that must not keep the host from being settled.
    own_failure bad
    note_history failed "taken back: $(cat "$T/why" 2>/dev/null || echo 'nobody confirmed it')$(cat "$T/back-failed" 2>/dev/null)"
    clear_restore || :
    close_journal reverting
  elif phase open; then
    [ ! -e "$T/receiver" ] || kill_group "$(cat "$T/receiver")"
    unseed && unfreeze && unplace boot && configure_back || return 1
    own_failure failed
    note_history failed "unchanged: $(cat "$T/why" 2>/dev/null || echo 'it was cut off')"
    clear_restore || :
    close_journal open
  fi
}
# own_failure failed|bad: where a hook of the release failed, and not the line or another host, the host remembers it of the release.
own_failure() { [ ! -e "$T/own-failure" ] || [ ! -d "releases/$(head -n 1 "$T/own-failure")" ] || state_lines "$1" | put $R/state cat; }
# owned TX-DIR: whether the process that made it lives; it may be on its way to the lock.
owned() { for owner in "$1" "$1"/*.owner; do ! living "/lock/${owner##*/}" || return 0; done; return 1; }
# claim: makes tx/TX. It has an owner before it has its name, so that whoever recovers meanwhile never takes it for litter.
claim() { token "$TX" && own=$R/tx/$TOKEN.owner && mkdir "$own" "$own/back" && true >"$own/$TOKEN.owner" && mv "$own" "$T"; }
# recover: what a transaction that died left behind is settled by whoever takes the lock next.
recover() {
  self=$TX; settled=$litter
  for journal in "$R"/journal/*; do
    [ -e "$journal" ] || continue
    TX=${journal##*/}; TX=${TX%.*}; settled=yes
    { ! phase pending || move_phase pending reverting || phase confirmed; } && settle || { settled=not; break; }
  done
  TX=$self; T=$R/tx/$TX
  [ "$settled" != not ] || return 1
  for old in "$R"/tx/*; do ! exists "$old" || owned "$old" || { rm -rf "$old" && settled=yes; }; done
  for old in "$R"/trash/* "$R"/flip/* "$R"/*.tmp "$R"/*/*.tmp shared/env.*.tmp; do exists "$old" && rm -rf "$old"; done
  :
}
# What an earlier transfer left serves the same release, and no other.
clear_incoming() {
  wanted=
  for old in "$R"/incoming/*; do
    exists "$old" || continue
    [ -n "$wanted" ] || wanted=x$(sed -n "s/^step${TAB}receive$TAB.*$TAB//p" "$T/plan")
    [ "$old" = "$R/incoming/${wanted#x}" ] || rm -rf "$old"
  done
}
# kill_group "PID BIRTH": ends a process that we started and all of its group, if it is still the same one.
kill_group() {
  # shellcheck disable=SC2086 # to be split
  set -- $1
  # On a full disk it could not be written down.
  [ $# = 2 ] && born "$1" && [ "$birth" = "$2" ] || return 0
  kill -TERM "-$1" 2>/dev/null || kill -TERM "$1" 2>/dev/null
  sleep 1; kill -KILL "-$1" 2>/dev/null || kill -KILL "$1" 2>/dev/null || :
}

# --- run: one plan, one transaction -----------------------------------------------------------------------------

# Some space and inodes are laid by, so that a disk that others have filled keeps nobody from going back.
lay_by() { { [ -d $R/spare ] || mkdir -p $R/spare; } && n=0 && while [ "$n" -lt 20 ] && n=$((n + 1)) && { [ -s "$R/spare/$n" ] || printf '%8192s' '' >"$R/spare/$n"; }; do :; done; }
scarce() {
  # shellcheck disable=SC2046 # to be split
  set -- $(free .)
  while [ $# -gt 1 ]; do case $1 in disk | inodes) [ "$2" -ge 512 ] || return 0 ;; esac; shift; done
  return 1
}
# cannot WHAT: sets `why`, and fails. What the file system has against us shows when we write a little there.
cannot() { why="cannot $1$(blame "$(dd if=/dev/zero of="$ROOT/$R/probe.tmp" bs=4096 count=4 2>&1; rm -f "$ROOT/$R/probe.tmp")")"; return 1; }
# blame WORDS: what a tool said that a file system has against us, and which one; nothing where it is none of these.
blame() {
  { free "$ROOT"; printf '%s\n' "$1"; } | awk -F"$TAB" -v at="$ROOT" '
    NF == 3 && $1 == "disk" { kb = $2; at = $3; next } NF == 3 && $1 == "inodes" { inodes = $2; next }
    match($0, /No space left on device|Read-only file system|([Dd]isk q|Q)uota exceeded|Permission denied|Operation not permitted|(Input\/output|I\/O) error/) {
      print ": " substr($0, RSTART, RLENGTH) (/No space/ ? (inodes == "0" ? ", no inodes" : ", " kb + 0 " kB") " are free" : "") " on " at; exit }'
}
unwritable() { cannot "write in $ROOT${1:-/$R}"; end failed "$why"; return 1; }
are_there() { for room; do [ -d "$room" ] || return 1; done; }
lay_foundations() {
  (umask 077 && mkdir -p $R/lock $R/journal $R/tx $R/flip $R/trash $R/incoming $R/manifests $R/overlays) && mkdir -p releases shared
}
verb_run() {
  IFS= read -r TX && IFS= read -r HASH || return 64
  case $TX in *[!0-9a-f]* | '') return 64 ;; esac
  { [ -d "$ROOT" ] || mkdir -p "$ROOT"; } && cd "$ROOT" || { end failed "cannot make $ROOT"; return 1; }
  [ ! -L $R ] && { are_there $R/lock $R/journal $R/tx $R/flip $R/trash $R/incoming $R/manifests $R/overlays releases shared || lay_foundations; } \
    || { unwritable ""; return 1; }
  ! scarce || rm -rf $R/spare
  T=$R/tx/$TX
  claim && mkfifo "$T/ctl" && now >"$T/began" || { unwritable; return 1; }
  line=; while IFS= read -r line && [ "$line" != end ]; do printf '%s\n' "$line" || break; done >"$T/plan"
  [ "$line" = end ] || { rm -rf "$T"; unwritable; return 1; }
  take_lock "$TX" || {
    if [ $? = 4 ]; then end locked "$(cat "$holder" 2>/dev/null)"; else unwritable; fi
    rm -rf "$T"; return 1
  }
  trap ':' HUP PIPE
  transaction; code=$?
  [ -z "${reader:-}" ] || kill -KILL "$reader" 2>/dev/null # mksh loses a TERM that comes before a child has begun
  lay_by 2>/dev/null
  # What could not be settled is left to the watchdog, which tries once more.
  if ! journalled; then
    [ -z "${watchdog:-}" ] || kill -KILL "$watchdog" 2>/dev/null
    for other in "$R"/lock/*-"$TX".held; do other=${other##*/}; [ "$other" = "$TOKEN.held" ] || kill -KILL "${other%%-*}" 2>/dev/null; done
    rm -rf "$T" "$R"/lock/*-"$TX".held
  fi
  [ ! -e "$mine.held" ] || rm -f "$mine.held"
  end "$result" "$why"
  return "$code"
}

transaction() {
  result=failed; why=; kept=
  recover && clear_incoming || cannot "settle what an earlier deploy left here" || return
  [ -z "$settled" ] || tell "note${TAB}an earlier deploy that was cut off has been settled"
  planned=$(columns 'app target seq')
  read_seq
  if [ -n "$settled" ] || [ "$seq" != "${planned##*"$TAB"}" ]; then
    [ -z "$settled" ] || [ ! -e $R/format ] || advance
    result=moved; return 1
  fi
  identity=${planned%"$TAB"*}
  if [ ! -e $R/format ]; then
    put $R/state printf 'version\t1\nend\n' && put $R/identity printf '%s\n' "$identity" && put $R/format echo $FORMAT || cannot "write in $R" || return
  elif first_line $R/format; [ "$line" != $FORMAT ] || { first_line $R/identity; [ "$line" != "$identity" ]; }; then
    result=moved; return 1
  fi
  if [ -e $R/frozen ] && [ "$(field action "$T/plan")" != unlock ]; then
    result=locked why="$(head -n 1 $R/frozen)${TAB}frozen"; return 1
  fi
  advance && install_agent && true >"$R/journal/$TX.open" && durable $R/journal "$T" \
    || { rm -f "$R/journal/$TX.open"; cannot "write in $R"; return; }
  exec 3<&0 4<>"$T/ctl" 5<"$T/plan"
  listen <&3 >/dev/null 2>&1 4>&- 5<&- &
  reader=$!
  watch_over || { why="the watchdog did not start"; take_back; return 1; }
  tell locked
  work
}

install_agent() {
  AGENT=$R/agent-$HASH.sh
  [ -r "$AGENT" ] || { put "$AGENT" printf '%s\n' "$MYSELF" && [ "$(hash_of "$AGENT")" = "$HASH" ]; } || { rm -f "$AGENT"; return 1; }
  [ "$(readlink $R/agent)" = "${AGENT##*/}" ] || {
    rm -f $R/flip/agent && ln -s "${AGENT##*/}" $R/flip/agent && mv -f $R/flip/agent $R && durable $R && [ "$(readlink $R/agent)" = "${AGENT##*/}" ]
  }
}
# listen: the client's words, by a child that holds no lock. Each beat counts; the end of the line is a word too.
listen() {
  trap - HUP PIPE
  beats=0
  while IFS= read -r word; do
    case $word in
      beat) beats=$((beats + 1)); echo $beats >"$T/beat" ;;
      'go '*) printf '%s\n' "$word" 1<>"$T/ctl" ;;
      back) give_up back ;;
    esac
  done
  give_up lost
}
give_up() { [ -e "$T/gone" ] || echo "$1" >"$T/gone"; echo "$1" 1<>"$T/ctl"; }
watch_over() {
  {
    (detached sh "$ROOT/$AGENT" "$ROOT" watch "$TX" "$TOKEN")
    echo unwatched 1<>"$T/ctl"
  } </dev/null >/dev/null 2>&1 3<&- 4>&- 5<&- &
  watchdog=$!
  hear watching || [ "$heard" != unwatched ]
}
# hear WORD: blocks until the client says so; fails when it takes back, or the line is gone.
hear() {
  while :; do
    IFS= read -r heard <&4 || { nap; continue; } # a trapped signal ends a read
    case $heard in
      "$1") return 0 ;; back | lost) why=$heard; return 1 ;; 
      died | 'go unhealthy') why=${heard#go }; return 1 ;; unwatched) [ "$1" != watching ] || return 1 ;; esac
  done
}
# watched: whether the watchdog of this transaction is still there.
watched() { for other in "$R"/lock/*-"$TX".held; do [ "$other" != "$mine.held" ] && living "$other" && return 0; done; return 1; }
given_up() { [ -e "$T/gone" ] && why=$(cat "$T/gone"); }

work() {
  number=0
  while IFS=$TAB read -r key step one two three four five six <&5; do
    [ "$key" = step ] || continue
    number=$((number + 1))
    [ -n "$kept" ] || ! given_up || { take_back; return 1; }
    tell "start$TAB$number"
    why=
    "step_$step" "$one" "${two:-}" "${three:-}" "${four:-}" "${five:-}" "${six:-}" || {
      tell "failed$TAB$number$TAB$why"
      take_back; return 1
    }
    tell "ok$TAB$number"
  done
  if phase open; then
    state_lines next | put $R/state cat && note_history ok "" && close_journal open || cannot "write in $R" || return
  elif phase confirmed; then settle || :; fi
  result='done'
}
# take_back: ends in `unchanged` (nothing had been switched), `undone`, or `failed` when even that did not work.
take_back() {
  said=$why
  if [ -n "$kept" ]; then settle; result='done'; return; fi
  printf '%s\n' "$why" >"$T/why"
  # Where nothing can be written any more, what is open is settled later; it has changed nothing unless it has seeded, frozen or set up.
  if phase open; then if settle || { [ ! -e "$T/seeded" ] && [ ! -e "$T/boot/ways" ] && [ ! -e "$T/unit/ways" ] && [ ! -e "$T/back/shared-env" ] && [ ! -e $R/frozen ]; }; then result=unchanged; fi
  elif move_phase pending reverting; then settle && result=undone
  elif phase confirmed; then settle; result='done'; return # over a connection of its own, until this very moment
  elif phase pending; then cannot "write in $R"; said=$why
  else
    while journalled && watched; do nap; done
    settle && result=undone
  fi
  [ "$result" = failed ] || tell "undone$TAB$said"
  why=$said
}

# --- steps: each notes its undo first, and each may find itself half done ------------------------------------------

step_receive() { # RELEASE DIGEST
  I=$R/incoming/$2
  tell "wait${TAB}received"
  hear 'go received' || return 1
  first_line "$I/verified"; [ "$line" = "$TX" ] || { why="the release did not arrive whole"; return 1; }
  true >"$I/overlay" || cannot "write in $R"
}
step_link() { # d|f PATH TARGET: PATH of the staged tree becomes a link into shared/
  staged=$I/tree/$2; ours=shared/$2
  case $2 in */*) mkdir -p "shared/${2%/*}" "$I/tree/${2%/*}" ;; esac || cannot "make shared/${2%/*}" || return
  shipped=$(awk -F"$TAB" -v p="$2" '$1 == p || index($1, p "/") == 1 { if ($2 != "d") print }' "$I/manifest")
  if [ -n "$shipped" ]; then
    seed=$(printf '%s\n' "$shipped" | hash_of -)
    if { [ "$1" = d ] && [ -z "$(ls -A "$ours" 2>/dev/null)" ]; } || ! exists "$ours"; then
      printf '%s\t%s\n' "$2" "$1" >>"$T/seeded" && durable "$T/seeded" || cannot "write in $R" || return
      { [ ! -d "$ours" ] || rmdir "$ours"; } && mv "$staged" "$ours" && exists "$ours" && { forget_seed "$2" && printf '%s\t%s\n' "$2" "$seed" >>$R/seeds && durable $R/seeds; } \
        || cannot "seed shared/$2" || return
    elif ! grep -qxF "$2$TAB$seed" $R/seeds 2>/dev/null; then
      why="the release ships $2, which is shared and not empty on this host"; return 1
    fi
  elif [ "$1" = d ]; then mkdir -p "$ours" || cannot "make shared/$2" || return; fi
  rm -rf "$staged" && ln -s "$3" "$staged" && [ "$(readlink "$staged")" = "$3" ] && printf '%s\tl\t-\t-\t%s\n' "$2" "$3" >>"$I/overlay" || cannot "link $2"
}
step_publish() { # RELEASE DIR
  exists "releases/$2" && { why="releases/$2 is there already"; return 1; }
  written="$R/manifests/$1.$$.tmp" laid="$R/overlays/$2.$$.tmp"
  cat "$I/manifest" >"$written" && cat "$I/overlay" >"$laid" && durable "$written" "$laid" \
    && mv -f "$written" "$R/manifests/$1" && mv -f "$laid" "$R/overlays/$2" && durable $R/manifests $R/overlays && durable_tree "$I/tree" \
    && mv "$I/tree" "releases/$2" && durable releases && [ -d "releases/$2" ] && rm -rf "$I" \
    || { rm -f "$written" "$laid"; cannot "name releases/$2"; }
}
# bounded SECONDS PID: waits for a child; TERM to its group when time is out or the client gives up, then KILL. Traps interrupt `wait`.
bounded() {
  (
    left=$1
    while [ "$left" -gt 0 ] && { [ -n "${returning:-}" ] || [ ! -e "$T/gone" ]; }; do kill -0 "$2" 2>/dev/null || exit 0; sleep 1; left=$((left - 1)); done
    true >"$T/late"; kill -TERM "-$2" 2>/dev/null || kill -TERM "$2"; [ -n "${returning:-}" ] || sleep 2; sleep 1; kill -KILL "-$2" 2>/dev/null || kill -KILL "$2"
  ) >/dev/null 2>&1 3<&- 4>&- 5<&- &
  limit=$!
  while :; do wait "$2"; code=$?; kill -0 "$2" 2>/dev/null || break; done
  kill -KILL $limit 2>/dev/null
  return "$code"
}
step_await() { tell "wait$TAB$1"; hear "go $1"; }
step_backup() { step_await backup; }
step_activate() { # DIR FROM
  if exists current && [ ! -L current ]; then why="current is not a link"; return 1; fi
  [ -d "releases/$1" ] && [ ! -L "releases/$1" ] || { why="releases/$1 is not there"; return 1; }
  if [ "$2" != - ]; then [ -d "releases/$2" ] && points_to "$2" || { why="current has been changed by somebody else"; return 1; }; fi
  depart "$2" && { flip "$1" || cannot "switch current"; }
}
# depart FROM: the link back is made, and from here on the host goes back unless it is confirmed.
depart() {
  ! phase pending || return 0
  { [ "$1" = - ] || ln -s "releases/$1" "$T/back/current"; } && durable "$T/plan" "$T/back" "$T" $R/tx && move_phase open pending || cannot "write the way back"
}
step_depart() { depart "$(field from "$T/plan")"; }
step_confirm() { # SECONDS; 0: nobody is asked
  if [ "$1" = 0 ]; then move_phase pending confirmed || { why=late; return 1; }
  else
    tell "wait${TAB}confirm"
    hear confirmed || { phase confirmed || return 1; }
    phase confirmed || { why=late; return 1; }
  fi
  kept=yes
  settle || tell "note${TAB}confirmed, but that could not be written down; the next deploy does it"
}
# A freeze by hand is a file of its own, so that it outlives whoever made it, and a reboot.
step_freeze() { signature | put $R/frozen cat && [ -s $R/frozen ] || cannot "write in $R"; }
step_unfreeze() { { [ ! -e $R/frozen ] || mv -f $R/frozen "$T/frozen"; } && durable $R || cannot "write in $R"; }
# The undo of both: nobody freezes what is frozen, so a freeze under a journal of `lock` is its own.
unfreeze() {
  if [ "$(field action "$T/plan")" = lock ]; then rm -f $R/frozen; elif [ -e "$T/frozen" ]; then mv -f "$T/frozen" $R/frozen; else return 0; fi && durable $R
}
# --- watch: the process that brings the host back when nobody else does ------------------------------------------

# Started before anything is done; it holds the lock with the worker and counts its own seconds, never a clock.
verb_watch() { # TX WORKER-TOKEN
  cd "$ROOT" || return 1
  TX=$1 worker=$2 T=$R/tx/$1
  trap ':' HUP
  token "$TX" && cp "$R/lock/$worker.held" "$R/lock/$TOKEN.held" || { give_up lost; return 1; }
  window=$(field confirm "$T/plan"); quiet=0; seen=; echo watching 1<>"$T/ctl"
  while [ -e "$T/ctl" ]; do
    sleep 1
    beat=; [ ! -r "$T/beat" ] || { IFS= read -r beat <"$T/beat"; } 2>/dev/null
    if [ "$beat" = "$seen" ]; then quiet=$((quiet + 1)); else quiet=0 seen=$beat; fi
    if ! living "/lock/$worker.held"; then
      # The worker was killed: nobody else will come.
      ! phase pending || move_phase pending reverting
      settle; break
    fi
    if phase pending && [ "$window" -gt 0 ] && [ "$quiet" -ge "$window" ] && move_phase pending reverting; then
      give_up lost; end_children "${worker%%-*}"
      settle; break
    fi
    [ "$quiet" -lt 15 ] || [ -e "$T/gone" ] || give_up lost
  done
  rm -f "$R/lock/$TOKEN.held"
}
# A hung hook must not hold the way back up: whatever the worker waits for is ended.
end_children() {
  app=none; [ ! -r $R/app ] || read -r app _ <$R/app # it is stopped in its own time
  for child in /proc/[0-9]*; do
    { IFS= read -r stat <"$child/stat"; } 2>/dev/null || continue
    # shellcheck disable=SC2086 # to be split
    set -- "$1" ${stat##*) }
    [ "$3" != "$1" ] || [ "$child" = "/proc/$$" ] || [ "$child" = "/proc/$app" ] || { kill -KILL "-${child#/proc/}" 2>/dev/null || :; }
  done
}

# --- confirm: over a connection of its own ----------------------------------------------------------------------

verb_confirm() {
  IFS= read -r TX || return 64
  cd "$ROOT" && T=$R/tx/$TX || { end failed; return 1; }
  if phase confirmed || { ! phase pending && grep -q "$TAB$TX$TAB.*${TAB}ok$TAB" $R/history 2>/dev/null; }; then :
  else
    move_phase pending confirmed || { end late; return 1; }
    echo confirmed 1<>"$T/ctl"
  fi
  first_line $R/identity; end confirmed "$line"
}

# --- exec: somebody's own command in the current release -----------------------------------------------------------

verb_exec() {
  IFS= read -r kind && IFS= read -r count || return 64
  plan=
  while IFS= read -r line && [ "$line" != end ]; do plan=$plan$line$NL; done
  cd -P "$ROOT/current" 2>/dev/null || { end none "nothing is deployed in $ROOT"; return 1; }
  RELEASER_RELEASE_DIR=$PWD; export RELEASER_RELEASE_DIR
  set --
  while [ "$count" -gt 0 ]; do IFS= read -r line; decode "$line"; set -- "$@" "$decoded"; count=$((count - 1)); done
  end ready
  own_locale
  [ ! -f "$ROOT/$R/env" ] || load_env <"$ROOT/$R/env"
  load_env <<EOF
$plan
EOF
  if [ "$kind" = script ]; then script=$1; shift; exec sh -c "$script" sh "$@"; fi
  exec "$@"
}

main() {
  ROOT=$1 verb=$2; shift 2
  case $verb in
    status | run | watch | receive | confirm | exec | boot | tidy | build) "verb_$verb" "$@" ;;
    *) return 64 ;;
  esac
}
main "$@"
