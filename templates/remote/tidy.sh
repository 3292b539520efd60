# shellcheck shell=sh disable=SC2154 # what is not set here, agent.sh sets
# The agent's part for clearing up, on behalf of sanitize: what is ours and serves nobody any more. Functions only; agent.sh is put behind it.

# verb_tidy: settles what was cut off, as `boot`, and takes away what has lain there for long. Whoever is at work is not disturbed.
verb_tidy() {
  exec </dev/null
  LC_ALL=C; export LC_ALL
  cd "$ROOT" || return 1
  [ "$(head -n 1 "$R/format" 2>/dev/null)" = "$FORMAT" ] || return 0
  born $$; TX=tidy$$x$birth T=$R/tx/$TX
  claim && printf 'by\t%s\nwhere\t%s\nmessage\tclearing up\n' "$(id -un 2>/dev/null)" "$(uname -n)" >"$T/plan" || { rm -rf "$T"; return 1; }
  take_lock "$TX" || {
    code=$?; rm -rf "$T"
    [ $code = 4 ] && echo "somebody is at work here: what is left lying is for the next time"
    return
  }
  trap ':' HUP PIPE
  recover && { [ -z "$settled" ] || advance; } && tidy_up; code=$?
  lay_by 2>/dev/null
  rm -rf "$T"; rm -f "$mine.held"
  return $code
}
# untouched DAYS PATH: whether nothing in it has changed for so long.
untouched() { exists "$2" && [ -z "$(find "$2" -mtime "-$1" 2>/dev/null | head -n 1)" ]; }
tidy_up() {
  for old in "$R"/incoming/*; do
    ! untouched 7 "$old" || { rm -rf "$old" && echo "removed a transfer that nobody took up"; }
  done
  # A client that misses its own brings it again.
  for old in "$R"/agent-*.sh; do
    [ "${old##*/}" = "$(readlink "$R/agent")" ] || ! untouched 30 "$old" || { rm -f "$old" && echo "removed ${old##*/}, which nobody uses"; }
  done
  # Plans that were made before know of them.
  stale=$(failed_releases)
  [ -z "$stale" ] || { advance && step_prune "$stale" && echo "removed releases that had failed: $stale"; }
}
# failed_releases: the directories, by tabs, of releases that have failed a week ago: they were refused, or taken back. step_prune leaves what is in use.
failed_releases() {
  awk -F"$TAB" '$1 == "pinned" || $1 == "served" { keep[$2] } $1 == "release" && ($6 == "failed" || $6 == "bad") { dir[++n] = $3; id[n] = $2 }
    END { for (i = 1; i <= n; i++) if (!(id[i] in keep)) print id[i], dir[i] }' "$R/state" 2>/dev/null | {
    all=
    while read -r id dir; do
      [ ! -d "releases/$dir" ] || points_to "$dir" || ! untouched 7 "$R/manifests/$id" || all=$all${all:+$TAB}$dir
    done
    printf %s "$all"
  }
}
