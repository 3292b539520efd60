# shellcheck shell=sh disable=SC2154 # what is not set here, agent.sh sets
# The agent's part for pruning: releases go together, by as many programs as one of them would take.

step_prune() { # DIRS, by tabs: what cannot be removed is a warning, and somebody else's next try
  [ -n "${lived_in:-}" ] || lived_in=$NL$(releases_in_use)$NL
  serves=; [ ! -L current ] || serves=$(readlink current)
  IFS=$TAB; set -f
  # shellcheck disable=SC2048,SC2086 # to be split
  set -- $*
  set +f; unset IFS
  for dir; do
    shift
    case $NL$serves$lived_in in *"${NL}releases/$dir$NL"* | *"$NL$dir$NL"*) tell "note$TAB$dir is in use and stays" ;; *) set -- "$@" "$dir" ;; esac
  done
  [ $# -gt 0 ] || return 0
  bin=$R/trash/pruned.$TX
  # Those that are not there any more are only forgotten.
  { [ -d "$bin" ] || mkdir "$bin"; } && { (
    cd releases && for dir; do shift; [ ! -d "$dir" ] || set -- "$@" "$dir"; done && { [ $# = 0 ] || exec mv "$@" "$ROOT/$bin"; }
  ); durable releases; rm -rf "$bin"; }
  for dir; do ! exists "releases/$dir" && ! exists "$bin/$dir" || tell "note${TAB}could not remove releases/$dir"; done
  for dir; do shift; set -- "$@" "$R/overlays/$dir" "$R/covered/$dir"; done
  rm -rf "$@" || { tell "note${TAB}could not forget all that was pruned"; return 0; } # manifests say what is to go
  for dir; do
    shift; dir=${dir##*/} dir=${dir%%~*}
    for twin in "releases/$dir" "releases/$dir"~*; do [ ! -d "$twin" ] || continue 2; done
    set -- "$@" "$R/manifests/$dir" "$R/signatures/$dir"
  done
  [ $# = 0 ] || rm -f "$@"
}
# releases_in_use: directories below releases/ in which a process that we may look at works, from which it was started, or of which
# it has a file mapped; each once.
releases_in_use() {
  # shellcheck disable=SC2012 # find -lname is not for everybody
  {
    ls -l /proc/[0-9]*/cwd /proc/[0-9]*/exe 2>/dev/null | sed -e 's/.* -> //' -e 's|$|/|'
    cat /proc/[0-9]*/maps 2>/dev/null | sed -n 's|^[^/]*/|/|p'
  } | below="$(pwd -P)/releases/" awk 'index($0, ENVIRON["below"]) == 1 { $0 = substr($0, length(ENVIRON["below"]) + 1); sub("/.*", ""); if (!seen[$0]++) print }'
}
