# shellcheck shell=sh disable=SC2154,SC2034 # what is not set or used here, the parts before it set and use
# The timer's program: backup and sanitize on a host, without us being there. tree.sh, ground.sh, calendar.sh, unpack.sh, proving.sh, seal.sh, told.sh
# and sanitize.sh are put in front of it; they lie in PATH/.releaser/timer-<sha256>.sh. POSIX sh and the usual small tools, as the agent's. The call is at the end.
#
# What it promises:
#   - A backup has its name (backups/APP_TARGET_VERSION_YYYY-MM-DD_HH-MM-SS.tar.gz[.age], UTC) only after all of it was written, read back from
#     the disk, unpacked and found equal to what is there, file by file. Its .sha256 is there before it. Whatever is not proven has no name.
#   - Nothing counts as done that has failed: neither a command at its start, in its middle or in a pipe, nor tar, gzip or the disk.
#   - Old backups go only after a good one, never the newest good one; names that are not ours are left alone.
#   - Two runs of a job never overlap. A run that was killed, or cut off by a reboot, holds nothing up, and does not look like a good one.
#   - Nothing of a job's data is evaluated; its command is stored as a file, and that runs in the release that serves at that moment.
#
# Calls: sh FILE PATH due              runs what is due, catching up what was missed, after a random wait of its `spread` at most
#        sh FILE PATH run JOB          runs an installed job now
#        sh FILE PATH                  stdin: `now<TAB>JOB`, a job's data, `end`: runs that now; or `run<TAB>JOB`. stdin stays open: whoever
#                                      closes it wants no more. stdout: `out<TAB>LINE…`, `end<TAB>EXIT<TAB>NAME<TAB>BYTES<TAB>MESSAGE`
# Exit codes: 0 good, or nothing to do; 1 failed; 4 the same job is at work; 9 no such backup; 10 `verify` says no; 11 damaged; 64 not understood.
#
# In .releaser/timer/JOB/ (JOB: backup, sanitize or verify):
#   job            the installed data, `key<TAB>value`: app target host schedule spread path command keep, env<TAB>NAME<TAB>VALUE; seal.sh has more
#   now run        the data and the command of this run
#   state          started token ended exit message; bytes name good (when it ended): of the last good one
#   tick           until when the schedule was looked at
#   log log.1 log.2 lock/ check/ told
# In .releaser/backup/, packed beside the paths: about, list (of all else, with hashes), stdout and files/, what the command has left.
set -u
umask 077
TAB=$(printf '\t')
NL='
'

# value KEY: this line of the job's data, or of the state.
value() { sed -n "/^$1$TAB/{s///p;q;}" "${2:-$data}" 2>/dev/null; }
signature() { now; }
say() { printf '%s\n' "$1" >>"$R/log" 2>/dev/null || :; }

# --- a run: state, lock, log -----------------------------------------------------------------------------------------

# run_job JOB DATA: one run of a job, from its lock to its state.
run_job() {
  job=$1 R=.releaser/timer/$1 why='' name='' bytes='' child='' offset=0 there='' limiter=''
  mkdir -p "$R/lock" || { fail "cannot write in $ROOT/$R"; return; }
  born $$; token "$1$$x$birth" && take_lock "$1$$x$birth" || { code=$?; [ $code = 4 ] && fail "$1 is at work already"; return $code; }
  data=$2
  rotate "$R/log" 1000000; clear_up
  [ ! -f "$R/log" ] || offset=$(wc -c <"$R/log")
  say "== $(date -u '+%Y-%m-%d %H:%M:%S') UTC $1"
  started=$(now) tries=1
  trap stopped TERM INT
  trap ':' HUP PIPE
  told_before
  if put "$R/now" cat "$2" && data=$R/now && note_state '' ''; then "job_$job"; code=$?; else fail "cannot write in $ROOT/$R"; code=1; fi
  finish $code
}
finish() {
  trap ':' TERM INT
  clear_up
  why=$(printf %s "$why" | tr "\t\n" "  ")
  [ "$1" = 0 ] || { [ -n "$there" ] || name='' bytes=''; say "failed: $why"; }
  note_state "$(now)" "$1" || say "cannot write $ROOT/$R/state"
  told_end "$1"
  rm -f "$mine.held"
  return "$1"
}
# stopped: somebody wants no more; what we wait for ends too.
stopped() {
  [ -z "$child" ] || {
    kill -TERM "-$child" || kill -TERM "$child"
    n=0; while kill -0 "-$child" && [ $n -lt 40 ]; do nap; n=$((n + 1)); done
    kill -KILL "-$child"
  } 2>/dev/null
  why='it was stopped'; finish 1; answer 1; exit 1
}
clear_up() {
  chmod -R u+rwX "$R/check" 2>/dev/null
  [ "$job" != backup ] || chmod -R u+rwX .releaser/backup 2>/dev/null
  rm -rf "$R"/check* "$R/run" "$R"/made.* "$R"/list* "$R"/*.tmp
  [ "$job" != backup ] || rm -rf .releaser/backup backups/*.part
  find "$R" -name "asked.*" -mtime +1 -exec rm -f {} + 2>/dev/null
}
# note_state ENDED EXIT: how this run is, and what it has made already; of the good one before it what is worth knowing stays.
note_state() {
  good=$(grep -e "^good$TAB" -e "^name$TAB" -e "^bytes$TAB" "$R/state" 2>/dev/null)
  { [ "$2" != 0 ] && [ -z "$there" ]; } || good=good$TAB${1:-$(now)}${name:+$NL}${name:+name$TAB$name$NL}${name:+bytes$TAB$bytes}
  put "$R/state" printf '%s\n' "started$TAB$started" "token$TAB$TOKEN" ${1:+"ended$TAB$1"} ${2:+"exit$TAB$2"} ${why:+"message$TAB$why"} ${good:+"$good"}
}
# rotate FILE BYTES: FILE, .1 and .2 take about three times as much.
rotate() { [ ! -f "$1" ] || [ "$(wc -c <"$1")" -le "$2" ] || { mv -f "$1.1" "$1.2" 2>/dev/null; mv -f "$1" "$1.1"; }; }

# --- the app's command --------------------------------------------------------------------------------------------------

# run_command OUT [HOOK]: the job's command, or that of a hook, with the app's environment in the directory of the release that serves. The first that fails ends it.
run_command() {
  decode "$(value "${2:-command}")"
  careful_shell "$decoded" || return 1
  input=/dev/null; [ -z "${2:-}" ] || input=$R/made.data
  put "$R/run" printf '%s; %s\n' "$careful${2:+; exec 2>&1}" "$decoded" || fail "cannot write in $ROOT/$R" || return
  (
    own_locale
    [ ! -f .releaser/env ] || load_env <.releaser/env
    load_env <"$data"
    cd -P current || exit 1
    RELEASER_RELEASE_DIR=$PWD RELEASER_RELEASE=$release RELEASER_VERSION=$version RELEASER_PATH=$ROOT RELEASER_HOOK=${2:-} RELEASER_BACKUP_DIR=${made:+$ROOT/$made}
    export RELEASER_RELEASE_DIR RELEASER_RELEASE RELEASER_VERSION RELEASER_PATH RELEASER_HOOK RELEASER_BACKUP_DIR
    umask 022; [ -z "$made" ] || umask 077
    # shellcheck disable=SC2086 # one word or two
    detached $shell "$ROOT/$R/run"
  ) <"$input" >"$1" 2>>"$R/log" &
  child=$!
  [ -z "${2:-}" ] || limit "$patience" $child
  { wait $child; code=$?; } 2>/dev/null
  child=''; [ -z "$limiter" ] || [ -e "$R/made.late" ] || { kill -KILL "$limiter"; wait "$limiter"; } 2>/dev/null
  [ $code = 0 ] || fail "${2:-its command} ended with exit code $code"
}
# serving: sets $release and $version to those of the release that serves.
serving() {
  dir=$(readlink current) && dir=${dir#releases/} && [ -d "current/." ] || { fail "nothing is deployed in $ROOT"; return; }
  release=${dir%%~*}
  version=$(awk -F"$TAB" -v dir="$dir" '$1 == "release" && $3 == dir { print $4; exit }' .releaser/state 2>/dev/null)
  version=${version:-unknown}
}

# --- backup ----------------------------------------------------------------------------------------------------------------

job_backup() {
  serving || return
  prefix=$(value app)_$(value target)_
  mkdir -p backups .releaser/backup && chmod 700 backups || fail "cannot make $ROOT/backups" || return
  paths=0; set -- ./.releaser/backup/.
  while IFS=$TAB read -r key value; do
    [ "$key" = path ] || continue
    decode "$value"
    # With the dot a link to a directory is that directory.
    if [ -d "$decoded" ]; then decoded=$decoded/.; elif [ -L "$decoded" ] || [ ! -f "$decoded" ]; then fail "$decoded is no file and no directory"; return; fi
    set -- "$@" "./$decoded"; paths=$((paths + 1))
  done <"$data"
  enough_space "$@" || return
  [ -z "$(value command)" ] || make_dump || return
  printf '%s\t%s\n' format 1 app "$(value app)" target "$(value target)" host "$(value host)" path "$ROOT" release "$release" version "$version" at "$started" \
    >.releaser/backup/about && enough_space "$@" || fail "${why:-cannot write in $ROOT/.releaser}" || return
  while name=$prefix${version}_$(date -u +%Y-%m-%d_%H-%M-%S).tar.gz; exists "backups/$name" || exists "backups/$name.age"; do sleep 1; done
  # What changes while it is read is read once more.
  until archive "$@"; do
    [ "$again" = yes ] && [ "$tries" -lt 3 ] || return
    say "$why: once more"; tries=$((tries + 1))
  done
  why=; bytes=$(wc -c <"backups/$name"); bytes=${bytes##* }
  say "made $name, $bytes bytes"
  # From here on this one is known, so that killed or not, what the state names is there.
  note_state '' ''
  thin_out; post_backup
}
# enough_space PATHS: for the archive, and for what is unpacked to read it back.
enough_space() {
  lack=$( (du -sk "$@" 2>/dev/null; echo -; free backups) | awk -v last="$(value bytes "$R/state")" '
    /^-$/ { seen = 1; next } !seen { need += 2 * $1 } $1 == "disk" { free = $2; known = 1 } $1 == "inodes" && $2 < 100 { print "only " $2 " inodes are free"; exit }
    END { need += int(1.5 * last / 1024) + 1024; if (known && free < need) print "it may need " need " kB, and " free " kB are free" }' | head -n 1)
  [ -z "$lack" ] || fail "$lack"
}
# make_dump: what the command prints is the dump, unless it leaves files.
make_dump() {
  made=$R/made.$$
  mkdir "$made" && run_command .releaser/backup/stdout || fail "${why:-cannot write in $ROOT/$R}" || return
  if [ -n "$(ls -A "$made")" ]; then
    tail -c 100000 .releaser/backup/stdout >>"$R/log"; rm -f .releaser/backup/stdout
    mv "$made" .releaser/backup/files || fail "cannot write in $ROOT/.releaser"
  else
    [ -s .releaser/backup/stdout ] || rm -f .releaser/backup/stdout
    [ -e .releaser/backup/stdout ] || [ "$paths" -gt 0 ] || fail "its command printed nothing, and left nothing in \$RELEASER_BACKUP_DIR"
  fi
}
# archive PATHS: one try. $again says whether another try may do better.
archive() {
  again=no why='' A=$ROOT/$R; draft || return
  chmod -R u+rwX "$R/check" 2>/dev/null; rm -rf "$part" "$R/check" .releaser/backup/list
  listing "$A/list" "$@" || return
  put .releaser/backup/list cat "$A/list" && mkdir "$R/check" || fail "cannot write in $ROOT/.releaser" || return
  # A pipe tells only how its last part has ended.
  { tar -cf - "$@" 2>"$A/list.said"; echo $? >"$A/list.code"; } | gzip -c >"$part" 2>>"$R/log" || fail "gzip failed: $(tail -n 1 "$R/log")" || return
  [ "$(cat "$A/list.code")" = 0 ] || { again=yes; fail "tar failed: $(tail -n 1 "$A/list.said")"; return; }
  durable "$part" && { gzip -dc <"$part" 2>>"$R/log"; echo $? >"$A/list.code"; } | tar -xpf - -C "$R/check" 2>"$A/list.said" \
    && [ "$(cat "$A/list.code")" = 0 ] || fail "cannot unpack it again: $(tail -n 1 "$A/list.said")" || return
  mv "$R/check/.releaser/backup/list" "$R/list.packed" && cmp -s "$R/list" "$R/list.packed" || fail 'its list of files did not come out of it again' || return
  rm -f .releaser/backup/list
  (cd "$R/check" && listing "$A/list.read" "$@") || fail 'what came out of it cannot be read' || return
  cmp -s "$R/list" "$R/list.read" || {
    again=yes
    odd=$(awk 'NR == FNR { had[$0]; next } !($0 in had) { print; exit }' "$R/list.read" "$R/list")
    fail "it has changed while it was read: $(printf '%s\n' "${odd#*"$TAB"./}" | sed 's|/[.]/|/|')"
    return
  }
  give_name
}
# thin_out: after a good backup. What has no .sha256, another name, or a later time, is not ours to judge.
thin_out() {
  for file in backups/"$prefix"*.sha256; do [ -f "${file%.sha256}" ] || rm -f "$file"; done
  for file in backups/"$prefix"*.tar.gz backups/"$prefix"*.tar.gz.age; do [ ! -f "$file.sha256" ] || printf '%s\n' "${file#backups/}"; done \
    | keepers "$name" "$prefix" "$(value keep)" | while IFS=$TAB read -r verdict file reason; do
    say "$verdict $file: $reason"
    [ "$verdict" = keep ] || { rm -f "backups/$file" && durable backups && rm -f "backups/$file.sha256"; } || say "cannot remove $file"
  done
}

# --- when --------------------------------------------------------------------------------------------------------------------

verb_due() {
  worst=0
  for job in backup sanitize verify; do
    file=.releaser/timer/$job/job tick=.releaser/timer/$job/tick
    [ -f "$file" ] && schedule=$(value schedule "$file") && [ -n "$schedule" ] || continue
    wall=$(date +%Y%m%d%H%M); first_line "$tick"
    # What is not installed to the end has no tick.
    [ -n "$line" ] && due_since "$schedule" "$line" "$wall" >/dev/null && put "$tick" echo "$wall" || continue
    spread=$(value spread ".releaser/timer/$job/job")
    [ "${spread:-0}" -le 0 ] || sleep "$(awk -v most="$spread" -v seed="$(now)$$" 'BEGIN { srand(seed % 1000003); print int(rand() * (most + 1)) }')"
    verb_run $job; code=$?
    # Who is at work at the same job does it for us.
    [ $code = 0 ] || [ $code = 4 ] || worst=$code
  done
  return $worst
}
verb_run() {
  [ -f ".releaser/timer/$1/job" ] || { echo "releaser: $1 is not installed in $ROOT" >&2; return 64; }
  run_job "$1" ".releaser/timer/$1/job"; ran=$?
  [ $ran = 0 ] || echo "releaser: $1 in $ROOT: $why" >&2
  return $ran
}
# verb_asked: on behalf of somebody who waits.
verb_asked() {
  asked=yes RELEASER_LC_ALL=''
  IFS=$TAB read -r verb job && case $job in backup | sanitize | verify) ;; *) false ;; esac || return 64
  wanted=.releaser/timer/$job/job
  if [ "$verb" = now ]; then
    mkdir -p ".releaser/timer/$job" || return 1
    wanted=.releaser/timer/$job/asked.$$ line=''
    while IFS= read -r line && [ "$line" != end ]; do printf '%s\n' "$line" || break; done >"$wanted"
    [ "$line" = end ] || { rm -f "$wanted"; return 64; }
  elif [ "$verb" != run ] || [ ! -f "$wanted" ]; then printf 'end\t64\t\t\t%s is not installed\n' "$job"; return 64; fi
  exec 3<&0 </dev/null
  { while read -r _; do :; done; kill -TERM 0; } <&3 >/dev/null 2>&1 &
  reader=$!
  exec 3<&-
  run_job "$job" "$wanted"; ran=$?
  [ "$verb" != now ] || rm -f "$wanted"
  answer $ran
  return $ran
}
answer() { # EXIT
  [ -n "${asked:-}" ] || return 0
  kill -KILL "$reader" 2>/dev/null
  [ "$1" = 4 ] || tail -c "+$((offset + 1))" "$R/log" 2>/dev/null | awk -v tab="$TAB" '{ print "out" tab $0 }'
  printf 'end\t%s\t%s\t%s\t%s\n' "$1" "$name" "$bytes" "$why"
}

main() {
  if ROOT=$1 && cd "$ROOT"; then ROOT=$(pwd -P); else return 1; fi
  RELEASER_LC_ALL=${LC_ALL-}; LC_ALL=C; export LC_ALL RELEASER_LC_ALL
  if [ $# = 1 ]; then verb_asked; return; fi
  verb=$2; shift 2
  case $verb in
    due) verb_due ;;
    run) case ${1:-} in backup | sanitize | verify) verb_run "$1" ;; *) return 64 ;; esac ;;
    *) return 64 ;;
  esac
}
main "$@"
