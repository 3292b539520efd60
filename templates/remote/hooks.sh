# shellcheck shell=sh disable=SC2154,SC2034 # what is not set or used here, agent.sh sets and uses
# The agent's part for hooks and migrations: commands that the plan names, in the directory of a release, with what happens as
# a line of JSON on their stdin. Functions only; agent.sh is put behind it. In a plan:
#
#   data N JSON                                  for the command that is its step N
#   back HOOK DIR SECONDS old|new RUN JSON       hooks for the way back, laid by before they are needed
#   back-env NAME VALUE                          and what is another then: the old release is the one that comes
#
# In tx/TX/: under-way (what has begun and not ended by itself), parting (the old app was told that it goes), ran.HOOK (on the
# way back, once), back-failed (of these, in words).

# run_hook HOOK DIR SECONDS old|new RUN: what it prints goes to $T/out, and $T/in to it. Leaves `ending`, how it ended, in words.
run_hook() {
  decode "$5"; script=$decoded; out=$T/out
  input=$T/in; [ -f "$input" ] || input=/dev/null
  (
    cd -P "$ROOT/releases/$2" || exit 1
    app_env "$4"
    RELEASER_HOOK=$1 RELEASER_RELEASE_DIR=$PWD; export RELEASER_HOOK RELEASER_RELEASE_DIR
    detached sh -c "$script" 3<&- 4>&- 5<&-
  ) <"$input" >"$out" 2>&1 &
  bounded "$3" $!; code=$?
  rm -f "$T/in"
  if [ -e "$T/late" ]; then ending="$1 did not end within $3 s"; else ending="$1 ended with exit code $code"; fi
  return $code
}
step_command() { # HOOK DIR SECONDS IGNORE old|new RUN
  true >"$T/out" && field "data$TAB$number" "$T/plan" >"$T/in" || cannot "write in $R" || return
  case $1 in pre-stop) true >"$T/parting" ;; esac
  if takes_back "$1"; then printf '%s\n' "$6" >"$T/under-way" && durable "$T/under-way" "$T" || cannot "write the way back" || return; fi
  run_hook "$1" "$2" "$3" "$5" "$6"; code=$?
  [ -e "$T/late" ] || rm -f "$T/under-way"
  tell_output
  [ $code -ne 0 ] || return 0
  ! given_up || return 1
  why=$ending; rm -f "$T/late"
  if [ "$4" = ignore ]; then tell "note$TAB$why, which is ignored"; else printf '%s\n' "$2" >"$T/own-failure"; return 1; fi
}
tell_output() { tail -c 65536 "$out" | awk -v mark="@${TAB}out$TAB$number$TAB" '{ print mark $0 }' 2>/dev/null || :; }
takes_back() { grep -q "^back$TAB$1$TAB" "$T/plan"; }

# back_hooks HOOK: those of the way back, once. What fails is told and stops nothing; what hung on the way is not begun again.
back_hooks() {
  takes_back "$1" && [ ! -e "$T/ran.$1" ] || return 0
  true >"$T/ran.$1" 2>/dev/null
  returning=yes
  sed -n "s/^back$TAB$1$TAB//p" "$T/plan" | {
    trap ':' HUP PIPE # a shell of its own has none yet, and nobody may be there to be told
    while IFS=$TAB read -r dir patience which run data; do
      first_line "$T/under-way"; said=
      if [ "$line" = "$run" ]; then ending="$1 did not end before, so that it is not run again"
      else
        rm -f "$T/late"; printf '%s\n' "$data" >"$T/in" 2>/dev/null
        run_hook "$1" "$dir" "$patience" "$which" "$run" && continue
        # It may hold a secret: the client tells it without, the host does not write it down.
        said=$(tail -n 1 "$out" 2>/dev/null | tr '\t\r' '  ' | head -c 300)
      fi
      printf '; while taking back, %s' "$ending" >>"$T/back-failed"
      tell "note${TAB}while taking back, $ending${said:+: $said}"
    done
  }
  rm -f "$T/late"
}
back_env() {
  load_env <<END
$(sed -n "s/^back-env$TAB/env$TAB/p" "$ROOT/$T/plan")
END
}
# The link goes back with the hooks around it, where it had been moved away from somewhere.
link_back() {
  [ "$1" != - ] && { [ -e "$T/ran.switch" ] || ! points_to "$1"; } || { flip_back "$1"; return; }
  true >"$T/ran.switch" 2>/dev/null
  back_hooks pre-activate
  flip_back "$1" && back_hooks post-activate
}
