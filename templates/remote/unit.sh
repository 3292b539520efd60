# shellcheck shell=sh disable=SC2154,SC2034 # what is not set or used here, the other parts set and use
# The agent's part for an app that systemd runs by a unit of ours. Functions only; agent.sh is put behind it. A unit is KIND and
# NAME. KIND says whose systemd: systemd, the machine's; systemd-user, that of the user; systemd-sudo, the machine's by `sudo -n`.
#
# In .releaser/ it keeps:
#   unit           KIND NAME -: the unit that is installed for the app
# In tx/TX/:
#   unit/          the way back, as that of boot.sh
#   main           PID BIRTH RESTARTS: the process that systemd had started at first
#   first          PID of it, where it had ended at once
#   journal-end    where the journal of the unit ended before that

# manager KIND WORDS: systemctl, of whose systemd it is. Who logs in without PAM has to be told where that of a user is.
manager() {
  u_kind=$1; shift
  case $u_kind in
    systemd-user) XDG_RUNTIME_DIR=/run/user/$(id -u) systemctl --user "$@" ;;
    systemd-sudo) sudo -n systemctl "$@" ;;
    *) systemctl "$@" ;;
  esac </dev/null 3<&- 4>&- 5<&-
}
journal() { # WORDS
  case $s_kind in
    systemd-user)
      # Of a user's process that ended before the journal looked at it, the lines have no unit, but its number.
      u_uid=$(id -u)
      set -- "$@" _SYSTEMD_USER_UNIT="$s_unit" _UID="$u_uid" + USER_UNIT="$s_unit" _UID="$u_uid"
      for each in $u_main $(cut -d ' ' -f 1 "$T/main" "$T/first" 2>/dev/null); do set -- "$@" + _TRANSPORT=stdout _UID="$u_uid" _PID="$each"; done
      journalctl --user "$@"
      ;;
    systemd-sudo) sudo -n journalctl -u "$s_unit" "$@" ;;
    *) journalctl -u "$s_unit" "$@" ;;
  esac </dev/null 3<&- 4>&- 5<&-
}

# --- how it is -----------------------------------------------------------------------------------------------------

fact_systemd() { # USER
  [ ! -e "/var/lib/systemd/linger/$1" ] || fact lingers yes
  [ -d /run/systemd/system ] || return 0
  fact systemd yes
  # Hosts write down who tries that in vain: only where it matters the client asks.
  case $wishes in *' sudo '*) sudo -n true </dev/null >/dev/null 2>&1 && fact sudo yes ;; esac
  :
}
fact_unit() {
  s_kind=- s_unit=-
  [ -r "$R/unit" ] && IFS=$TAB read -r s_kind s_unit _ <"$R/unit" || return 0
  unit_idle && u_state=idle || u_state=active
  fact unit "$s_kind$TAB$s_unit$TAB$u_state"
  installed "$s_kind" "$s_unit" - | sed "s/^/united$TAB/"
}
# look_at_unit: sets u_* to what systemd says of the unit; fails where it does not answer.
look_at_unit() {
  u_state='' u_pid=0 u_main='' u_restarts='' u_code=0 u_status='' u_whom=all
  set -- show -p ActiveState -p MainPID -p ExecMainPID -p NRestarts -p ExecMainCode -p ExecMainStatus -p KillMode "$s_unit"
  # Everybody may ask.
  { [ "$s_kind" = systemd-sudo ] && u_said=$(manager systemd "$@" 2>/dev/null); } || u_said=$(manager "$s_kind" "$@" 2>&1) || return 1
  while IFS='=' read -r key value; do
    case $key in
      ActiveState) u_state=$value ;; MainPID) u_pid=$value ;; ExecMainPID) u_main=$value ;; NRestarts) u_restarts=$value ;;
      ExecMainCode) u_code=$value ;; ExecMainStatus) u_status=$value ;; KillMode) [ "$value" != process ] || u_whom=main ;;
    esac
  done <<END
$u_said
END
  [ -n "$u_state" ]
}
# unit_idle: whether nothing of it runs, nor is about to.
unit_idle() { look_at_unit || return 0; case $u_state in inactive | failed) return 0 ;; *) return 1 ;; esac; }
# unit_app: sets `app` to the process that systemd has started; fails where there is none.
unit_app() { look_at_unit && [ "$u_pid" -gt 0 ] && born "$u_pid" && app=$u_pid app_birth=$birth && app_dir=$(release_of "$app"); }
# release_of PID: the directory below releases/ that it was started in. Before it gets there: where the link leads.
release_of() {
  found=$({ tr '\0' '\n' <"/proc/$1/environ" | sed -n 's|^RELEASER_RELEASE_DIR=.*/releases/||p'; } 2>/dev/null | head -n 1)
  [ -n "$found" ] || { found=$(readlink "/proc/$1/cwd" 2>/dev/null); case $found in "$(pwd -P)/releases/"*) found=${found#"$(pwd -P)/releases/"} ;; *) found= ;; esac; }
  [ -n "$found" ] || { found=$(readlink current); found=${found#releases/}; }
  printf '%s\n' "${found%%/*}"
}
# unit_steady: whether it is still the process that was started at first.
unit_steady() { [ ! -s "$T/main" ] || [ "$app $app_birth $u_restarts" = "$(cat "$T/main")" ]; }

# --- start and stop --------------------------------------------------------------------------------------------------

start_unit() {
  u_main=; rm -f "$T/first"
  journal -q -n 1 -o cat --show-cursor 2>/dev/null | sed -n 's/^-- cursor: //p' >"$T/journal-end"
  u_said=$(manager "$s_kind" start "$s_unit" 2>&1) || { why="systemctl start: ${u_said%%"$NL"*}"; return 1; }
  if unit_app; then
    note_app
    echo "$app $app_birth $u_restarts" >"$T/main" || true >"$T/main"
    within 1 ended_early || return 0
  fi
  look_at_unit
  echo "$u_main" >"$T/first" || true >"$T/first"
  case $u_code in
    1) why="start ended with exit code $u_status"; [ "$u_status" != 0 ] || why="$why, and what systemd runs has to stay in the foreground" ;;
    2 | 3) why="start was ended by signal $u_status" ;;
    *) why="systemd did not keep it running: $s_unit is $u_state" ;;
  esac
  return 1
}
# stop_unit SECONDS: systemd asks it to stop, and ends it as the unit says. On the way back nothing that hangs may hold us up.
stop_unit() {
  look_at_unit || { why="systemctl: ${u_said%%"$NL"*}"; return 1; }
  ! unit_idle || return 0
  u_said=$(manager "$s_kind" stop --no-block "$s_unit" 2>&1) || { why="systemctl stop: ${u_said%%"$NL"*}"; return 1; }
  [ -z "${returning:-}" ] || within "$1" unit_idle || manager "$s_kind" kill -s KILL --kill-who="$u_whom" "$s_unit" >/dev/null 2>&1
  within $((3 * s_seconds + 10)) unit_idle || { why="systemd did not stop $s_unit in time"; return 1; }
}
# unit_log: the end of what the unit wrote since it was started. Of one that has ended the last words may be on their way.
unit_log() {
  after=$(cat "$T/journal-end" 2>/dev/null)
  set -- -q -o cat; [ -z "$after" ] || set -- "$@" --after-cursor="$after"
  { unit_app && unit_steady; } || { within 5 unit_told "$@" && within 1 unit_spoke "$@"; } || :
  journal "$@" 2>&1 | tail -n 20
}
unit_told() { journal "$@" 2>/dev/null | grep -q -e 'Main process exited' -e 'Deactivated successfully' -e 'Succeeded'; }
unit_spoke() { journal "$@" -o short 2>/dev/null | grep -v ' systemd\[' | grep -q .; }

# --- the unit itself -------------------------------------------------------------------------------------------------

step_unit() { # KIND NAME - TEXT
  if [ "$1" = none ]; then place_way unit '' ''; else place_way unit "$1$TAB$2$TAB-" "$4"; fi && reload_units
}
unit_back() { [ ! -f "$T/unit/ways" ] || { unplace unit && reload_units; }; }
# reload_units: every systemd that was concerned reads its units anew. At boot that of a user may still be on its way.
# shellcheck disable=SC2013 # kinds are words
reload_units() { for each in $(cut -f 1 "$T/unit/ways" | sort -u); do within 10 reload "$each" || return 1; done; }
reload() { u_said=$(manager "$1" daemon-reload 2>&1) || { why="systemctl daemon-reload: ${u_said%%"$NL"*}"; return 1; }; }
