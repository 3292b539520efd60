# shellcheck shell=sh disable=SC2154,SC2034 # what is not set or used here, agent.sh sets and uses
# The agent's part for build hosts: it lays out sources, runs one command among them, and hands over what that made. Functions only;
# agent.sh is put behind it. At PATH there are then
#
#   work/                  the sources, and what builds make among them; it stays, for a look and for what may be used again
#   .releaser/format       `build`, and `identity` says so too: no deploy takes this path for its own, as no build takes one of a deploy
#   .releaser/sources      the manifest of the sources that were laid out last
#   .releaser/building     the process that builds, and when it was born
#   .releaser/tx/TX/       plan, manifest, in and out (what comes and goes), beat, gone
#
# The conversation: words up to `end`; it says `locked` and reads a manifest, says which files it needs and `send`, reads a size and so
# much of a tar; says `building`, and hears beats from there on. What the command prints goes to stderr as it is. Then it says `built`
# with kind, size and hash, gives so many bytes, and says how it ended.

verb_build() {
  IFS= read -r TX || return 64
  case $TX in *[!0-9a-f]* | '') return 64 ;; esac
  # Whatever shells say of processes that we end must not look like the build's own words.
  exec 3<&0 5>&2 2>/dev/null
  T=$R/tx/$TX M=$ROOT/$R/tx/$TX
  result=failed why=
  build_place || { end "$result" "$why"; return 1; }
  claim || { unwritable; return 1; }
  line=; while IFS= read -r line && [ "$line" != end ]; do printf '%s\n' "$line" || break; done >"$T/plan"
  [ "$line" = end ] || { rm -rf "$T"; unwritable; return 1; }
  take_lock "$TX" || {
    if [ $? = 4 ]; then end locked "$(cat "$holder")"; else unwritable; fi
    rm -rf "$T"; return 1
  }
  trap ':' HUP PIPE
  mind </dev/null >/dev/null 3<&- 5>&- &
  minder=$!
  tell locked
  reader=
  build_here; code=$?
  cd "$ROOT" || return
  for other in $reader $minder; do kill -KILL "$other"; done
  [ "$(cat "$T/gone")" != lost ] || exec >/dev/null # a line that carries nothing would hold us up
  rm -rf "$T"; rm -f "$mine.held"
  end "$result" "$why"
  return $code
}
build_here() {
  recover
  HASH=$(field agent "$T/plan"); install_agent
  kill_group "$(cat "$R/building")"
  take "$(field manifest "$T/plan")" && gzip -dc <"$T/in" >"$T/manifest" && [ "$(hash_of "$T/manifest")" = "$(field digest "$T/plan")" ] \
    || { why='the list of the sources did not arrive whole'; return 1; }
  lay_out_sources && run_build && hand_over
}

# build_place: makes PATH one of ours, unless it is somebody else's.
build_place() {
  for tool in awk cmp find gzip head tar xargs; do command -v $tool >/dev/null || { why="it lacks $tool"; return 1; }; done
  errors=$(mkdir -p "$ROOT" 2>&1) && cd "$ROOT" || { why="cannot make $ROOT$(blame "$errors")"; return 1; }
  first_line "$R/format"
  case $line in
    build) return 0 ;;
    '')
      # shellcheck disable=SC2010 # any name counts
      ! ls -A | grep -qvx "$R" && [ ! -L "$R" ] || { result=refused why="$ROOT holds what is none of ours"; return 1; } ;;
    *) result=refused why="$ROOT holds releases that were deployed there"; return 1 ;;
  esac
  errors=$( (umask 077 && cd "$ROOT" && mkdir -p "$R" && cd "$R" && mkdir -p lock journal tx flip trash) 2>&1) \
    && put "$R/identity" printf 'a build host\tbuilds\n' && put "$R/format" echo build \
    || { why="cannot write in $ROOT$(blame "$errors")"; return 1; }
}
# mind: a client that is silent for 15 s is gone, and nothing waits for it. It counts while something is to come from there, or go.
mind() {
  trap - HUP PIPE
  quiet=0 seen=
  while living "/lock/$TOKEN.held"; do
    sleep 1
    mark=
    if [ -e "$T/busy" ] || [ -e "$T/beat" ]; then mark=$(cat "$T/beat"; ls -ln "$T/in"); fi
    if [ -n "$mark" ] && [ "$mark" = "$seen" ]; then quiet=$((quiet + 1)); else quiet=0 seen=$mark; fi
    [ "$quiet" -lt 15 ] || { give_up lost; kill -KILL "$(cat "$T/busy")"; sleep 8; kill -KILL $$; break; }
  done
  # The worker was killed, or hung: what it started ends with it.
  kill_group "$(cat "$R/building")"
  rm -rf "$T"; rm -f "$R/lock/$TOKEN.held"
}
# hold PID: waits for a child that moves bytes, while `mind` knows of it.
hold() {
  echo "$1" >"$M/busy"
  while :; do wait "$1"; held=$?; kill -0 "$1" || break; done
  rm -f "$M/busy"
  return "$held"
}
# take BYTES: so much of what the client sends becomes $M/in.
take() {
  head -c "$1" <&3 >"$M/in" &
  hold $! && [ "$(wc -c <"$M/in")" -eq "$1" ]
}

# --- sources ------------------------------------------------------------------------------------------------------

# Sources are what the manifest says, to the byte. What else lies there stays where the plan keeps it; files that are as they
# should be are not touched, so that tools which go by times find them as old as they are.
lay_out_sources() {
  [ "$(field keep "$T/plan")" = yes ] || clear_work || return
  mkdir -p work && cd work || { cannot "make $ROOT/work"; return 1; }
  listed | to_clean | remove_listed
  true >>"$ROOT/$R/sources"
  listed | in_the_way | remove_listed
  emptied | as_words | xargs -0 sh -c '[ $# = 0 ] || rmdir "$@"' sh
  read_manifest
  put "$ROOT/$R/sources" cat "$M/manifest" && lay_out || { cannot "write in $ROOT/work"; return 1; }
  sound | hash_listed >"$M/have"
  needs=$(needed) || { cannot "write in $ROOT"; return 1; }
  remove_listed <"$M/missing"
  [ -z "$needs" ] || echo "$needs"
  true >"$M/busy"; beats=0
  tell send
  # It has to be packed first.
  while IFS= read -r size <&3 && [ "$size" = beat ]; do beats=$((beats + 1)); echo $beats >"$M/beat"; done
  rm -f "$M/busy" "$M/beat"
  take "$size" || { why='the sources did not arrive'; return 1; }
  [ "$size" = 0 ] || errors=$({ gzip -dc <"$M/in" | tar -xmof -; } 2>&1)
  hash_listed <"$M/missing" >>"$M/have"
  needed >/dev/null && [ ! -s "$M/missing" ] || { why="the sources could not be written$(blame "${errors:-}")"; return 1; }
  cd "$ROOT" || return
}
# clear_work: some tools make folders that even their owner cannot empty.
clear_work() {
  rm -rf work || { chmod -R u+rwx work; rm -rf work; }
  ! exists work || { why="cannot remove $(find "$ROOT/work" ! -type d | head -n 1): see who owns it"; return 1; }
}
remove_listed() { as_words | xargs -0 sh -c '[ $# = 0 ] || rm -rf "$@"' sh; }
listed() { for type in d f l; do find . -type $type ! -name . | sed "s/\$/$TAB$type/"; done; }
to_clean() {
  awk -F"$TAB" 'pass == 1 { if ($1 == "clean") pattern[++count] = "^[.]/" substr($0, 7) "$"; next }
    { for (n = 1; n <= count; n++) if ($1 ~ pattern[n]) { print $1; next } }' pass=1 "$M/plan" pass=2 -
}
# in_the_way: what is of another kind than the manifest wants, links, and sources of the last time that are none any more.
in_the_way() {
  awk -F"$TAB" 'pass == 1 { want["./" $1] = $2; next } pass == 2 { if ($2 != "d") was["./" $1] = 1; next }
    $1 in want { if ($2 == "l" || $2 != want[$1]) print $1; next }
    $2 != "d" && $1 in was { print $1 }' pass=1 "$M/manifest" pass=2 "$ROOT/$R/sources" pass=3 -
}
# emptied: folders of the last time's sources that are none any more, the deepest first; whoever holds something stays.
emptied() {
  awk -F"$TAB" 'pass == 1 { want[$1] = 1; next } $2 == "d" && !($1 in want) { print "./" $1 }' pass=1 "$M/manifest" pass=2 "$ROOT/$R/sources" | LC_ALL=C sort -r
}

# --- the build ----------------------------------------------------------------------------------------------------

# run_build: the command, in a session of its own. It ends when the client says so, or is gone, with all that it started there.
run_build() {
  decode "$(field run "$T/plan")"; script=$decoded
  decode "$(field dir "$T/plan")"; dir=$ROOT/work/$decoded
  tell "building$TAB$ROOT/work"
  echo 0 >"$T/beat"
  listen <&3 >/dev/null 3<&- 5>&- &
  reader=$!
  (
    cd -P "$dir" || exit 1
    own_locale
    load_env <"$M/plan"
    exec 3<&-
    detached sh -c "$script" build
  ) </dev/null >&5 2>&5 5>&- &
  child=$!
  born $child && echo "$child $birth" >"$R/building"
  bounded 2000000000 $child; code=$?
  # What the command leaves behind ends with it, also what does not listen.
  [ -e "$T/late" ] || { kill -TERM "-$child" && sleep 1; }
  kill -KILL "-$child"
  rm -f "$R/building"
  ! given_up || { result=stopped; return 1; }
  [ $code = 0 ] || { result=broken why=$code; return 1; }
}
# hand_over: what the command made, as one archive with its hash. What is missing or empty the client tells.
hand_over() {
  decode "$(field output "$T/plan")"; out=$decoded
  cd -P "$dir" || { why="$dir is gone"; return 1; }
  case $out in /*) ;; *) out=./$out ;; esac
  if [ -d "$out" ]; then kind=folder; [ -n "$(ls -A "$out")" ] || kind=empty
  elif [ -f "$out" ]; then kind='file'; [ -s "$out" ] || kind=empty
  elif [ -e "$out" ]; then kind=odd
  else kind=missing; fi
  case $kind in
    folder) (cd -P "$out" && { tar -cf - . || true >"$M/bad"; }) ;;
    file) (cd -P "${out%/*}/" && { tar -chf - "./${out##*/}" || true >"$M/bad"; }) ;;
  esac 2>"$M/errors" | gzip -1 >"$M/out" || { cd "$ROOT" && cannot "write in $ROOT/$R"; return; }
  cd "$ROOT" || return
  [ ! -e "$T/bad" ] || { why="cannot read what the build made: $(tail -n 1 "$T/errors" | tr '\t' ' ')"; return 1; }
  tell "built$TAB$kind$TAB$(($(wc -c <"$T/out")))$TAB$(hash_of "$T/out")"
  cat "$T/out" &
  hold $! || { why='the line was lost'; return 1; }
  result='done'
}
