# shellcheck shell=sh disable=SC2154,SC2034 # what is not set or used here, the parts beside it set and use
# Looks closer at a host than a deploy does, for `check`: jobs.sh is put behind it. Functions only; nothing is written and no lock taken.
#
# stdin, after `closer`: `sudo<TAB>WORDS` for each line that is to be allowed without a password, `env<TAB>NAME<TAB>VALUE` and `ask<TAB>NAME<TAB>first|last<TAB>SCRIPT`,
# scripts that are run in the current release with the app's environment: of those the first line of stdout is told, or the last of all, `end`. Values are escaped.
# stdout: `shell<TAB>PATH`, `tool<TAB>NAME<TAB>FIRST LINES`, `fs<TAB>TYPE<TAB>OPTIONS<TAB>MOUNTED`, `agent<TAB>SHA256`, `allowed<TAB>yes|no<TAB>WORDS<TAB>WHAT IT SAID`, those of
# jobs.sh without its end, `told`, then for each script `answer<TAB>NAME<TAB>EXIT<TAB>LINE`.

NL='
'
one_line() { head -c 400 | tr '\t\n' '  '; }
look_closer() {
  asks='' env='' sudo=''
  while IFS= read -r line && [ "$line" != end ]; do
    case $line in
      ask*) asks=$asks${line#*"$TAB"}$NL ;;
      env*) env=$env$line$NL ;;
      sudo*) sudo=$sudo${line#*"$TAB"}$NL ;;
    esac
  done
  printf 'shell\t%s\n' "${SHELL:-}"
  for tool in tar gzip zstd sha256sum find; do
    command -v "$tool" >/dev/null 2>&1 && printf 'tool\t%s\t%s\n' "$tool" "$("$tool" --version 2>&1 </dev/null | head -n 2 | one_line)"
  done
  near=$ROOT; while [ ! -d "$near" ]; do near=${near%/*}; near=${near:-/}; done
  tell_fs "$(cd -P "$near" 2>/dev/null && pwd -P)"
  for agent in "$ROOT/$R"/agent-*.sh; do [ ! -f "$agent" ] || { agent=${agent##*/agent-}; printf 'agent\t%s\n' "${agent%.sh}"; }; done
  tell_allowed
  if [ -d "$ROOT/$R" ]; then tell_jobs; else tell_wall; fi
  printf 'told\n'
  [ -z "$asks" ] || answer
}
# tell_fs PATH: the last mount of the longest name that PATH lies below.
tell_fs() {
  [ -r /proc/self/mounts ] || return 0
  at=$1 awk -v OFS="$TAB" '{ p = $2; gsub(/\\040/, " ", p); gsub(/\\011/, "\t", p); gsub(/\\134/, "\\", p); q = p; if (q != "/") q = q "/"
    if (index(ENVIRON["at"] "/", q) == 1 && length(q) >= best) { best = length(q); found = "fs" OFS $3 OFS $4 OFS p } }
    END { if (found != "") print found }' /proc/self/mounts
}
# Of what needs a password sudo says so, and runs nothing: -l only asks.
tell_allowed() {
  while IFS= read -r words; do
    [ -n "$words" ] || continue
    # shellcheck disable=SC2086 # to be split: words without any quoting
    if told=$(LC_ALL=C sudo -n -l -- $words 2>&1 </dev/null); then verdict=yes; else verdict=no; fi
    printf 'allowed\t%s\t%s\t%s\n' "$verdict" "$words" "$(printf %s "$told" | one_line)"
  done <<END
$sudo
END
}
answer() {
  while IFS=$TAB read -r name which script; do
    [ -n "$name" ] || continue
    decode "$script"; script=$decoded
    case $which in
      first) said=$(run_asked 2>/dev/null </dev/null) ;;
      *) said=$(run_asked 2>&1 </dev/null) ;;
    esac
    code=$? end='head'; [ "$which" = first ] || end='tail'
    printf 'answer\t%s\t%s\t%s\n' "$name" "$code" "$(printf '%s\n' "$said" | "$end" -n 1 | one_line)"
  done <<END
$asks
END
}
run_asked() {
  cd -P "$ROOT/current" || exit
  RELEASER_RELEASE_DIR=$PWD; export RELEASER_RELEASE_DIR
  own_locale
  [ ! -f "$ROOT/$R/env" ] || load_env <"$ROOT/$R/env"
  load_env <<END
$env
END
  exec sh -c "$script" sh
}
