# shellcheck shell=sh disable=SC2154,SC2034,SC2317 # what is not set or used here, the parts before it set and use
# Installs the jobs of a host and what wakes them, or removes them. tree.sh, ground.sh, boot.sh, unit.sh and told.sh are put in front of it; they are
# sent for it and stay nowhere. Done twice it changes nothing; cut off in the middle it is finished by the next call.
#
# stdin: `verb<TAB>install|remove`, `way<TAB>KIND<TAB>NAME<TAB>MARK`, `script<TAB>HASH<TAB>TEXT`, `unit<TAB>service|timer|line<TAB>TEXT`,
# `data<TAB>JOB<TAB>LINE` of each job's data, `end`. MARK and texts are escaped, LINEs as the host keeps them; NAME has no `.service` yet.
# stdout: `end<TAB>changed|same|failed|busy<TAB>WHY`; where it went well, WHY may be a warning.
#
# In .releaser/timer/: way (KIND NAME MARK of what is installed), JOB/job; JOB/since, from when on its schedule counts, and JOB/tick, which goes on from there.
set -u
umask 077
TAB=$(printf '\t')
NL='
'
ROOT=$1 R=.releaser/timer why=''

# finish RESULT: what is empty then goes too.
finish() {
  rm -rf "$T"; [ -z "${mine:-}" ] || rm -f "$mine.held"
  rmdir "$R/lock" "$R" 2>/dev/null
  printf 'end\t%s\t%s\n' "$1" "$(printf %s "$why" | tr '\t\n' '  ')"
  exit
}
cannot() { why="cannot $1"; return 1; }
signature() { now; }
said() { sed -n "s/^$1$TAB//p" "$T/said"; }

# has_units KIND NAME: whether what is there is what is wanted.
has_units() {
  if [ "$1" = cron ]; then installed cron - "$mark" | cmp -s - "$T/line"; return; fi
  installed "$1" "$2.timer" - | cmp -s - "$T/timer" || return 1
  place_unit "$1" "$2.service"; cmp -s "$unit_file" "$T/service" && manager "$1" is-active "$2.timer" >/dev/null 2>&1
}
put_units() { # KIND NAME
  if [ "$1" = cron ]; then install_line "$mark" "$T/line"; return; fi
  place_unit "$1" "$2.service"
  # shellcheck disable=SC2086 # $as is none or two words
  words=$({ $as mkdir -p "$units" && put_unit <"$T/service" && cmp "$T/service" "$unit_file"; } 2>&1) || { why="cannot install $unit_file: ${words%%"$NL"*}"; return 1; }
  install_way "$1" "$2.timer" - "$T/timer" && tell_systemd "$1" daemon-reload && tell_systemd "$1" restart "$2.timer"
}
take_units() { # KIND NAME MARK
  true >"$T/none"
  if [ "$1" = cron ]; then install_line "$3" "$T/none"; return; fi
  place_unit "$1" "$2.service"
  manager "$1" stop "$2.timer" >/dev/null 2>&1
  # shellcheck disable=SC2086
  install_way "$1" "$2.timer" - "$T/none" && $as rm -f "$unit_file" "${unit_file%.timer}.service" && tell_systemd "$1" daemon-reload
}
tell_systemd() { kind=$1; shift; words=$(manager "$kind" "$@" 2>&1) || { why="systemctl $1: ${words%%"$NL"*}"; return 1; }; }
# take_old: what another way has installed before.
take_old() {
  [ -f "$R/way" ] || return 0
  old=$(cat "$R/way")
  [ "$old" = "$way" ] || {
    IFS=$TAB read -r kind name mark <<END
$old
END
    take_units "$kind" "$name" "$mark" && rm -f "$R/way" && changed=yes
  }
}

install() {
  script=.releaser/timer-$hash.sh
  [ "$(hash_of "$script" 2>/dev/null)" = "$hash" ] || { changed=yes; put "$script" printf %s "$text" && [ "$(hash_of "$script")" = "$hash" ] || cannot "write $ROOT/$script" || return; }
  for job in backup sanitize verify; do
    mkdir -p "$R/$job" || cannot "write in $ROOT/$R" || return
    said "data$TAB$job" >"$T/job"
    if [ ! -s "$T/job" ]; then [ ! -f "$R/$job/job" ] || { changed=yes; rm -f "$R/$job/job" "$R/$job/tick" "$R/$job/since"; }; continue; fi
    # What came before it was installed, or had another schedule, it does not have to make up for.
    new=$(grep "^schedule$TAB" "$T/job")
    [ "$(grep "^schedule$TAB" "$R/$job/job" 2>/dev/null)" = "$new" ] && [ -f "$R/$job/tick" ] \
      || { changed=yes; put "$R/$job/since" date +%Y%m%d%H%M && put "$R/$job/tick" cat "$R/$job/since"; } || cannot "write in $ROOT/$R" || return
    cmp -s "$T/job" "$R/$job/job" || { changed=yes; put "$R/$job/job" cat "$T/job"; } || cannot "write in $ROOT/$R" || return
  done
  take_old || return
  IFS=$TAB read -r kind name mark <<END
$way
END
  has_units "$kind" "$name" && [ -f "$R/way" ] || { changed=yes; put "$R/way" printf '%s\n' "$way" && put_units "$kind" "$name"; } || return
  for old in .releaser/timer-*.sh; do [ "$old" = "$script" ] || rm -f "$old"; done
}
# can_tell: where what is to be told later could not go out, whoever installs is told.
can_tell() {
  for key in onFailure heartbeat; do
    decode "$(said "data${TAB}backup$TAB$key")"
    ! is_address "$decoded" || teller "$decoded" || why=$(no_teller)
  done
}
remove() {
  way=; take_old || return
  for old in "$R"/*/job .releaser/timer-*.sh; do [ ! -f "$old" ] || changed=yes; done
  rm -f "$R"/*/job .releaser/timer-*.sh
  # Whoever is at work goes on, and its folder with it.
  for job in backup sanitize verify; do
    for holder in "$R/$job"/lock/*; do [ ! -e "$holder" ] || ! living "$holder" || continue 2; done
    rm -rf "${R:?}/$job"
  done
}

LC_ALL=C; export LC_ALL
T=$R/install.$$ changed=
[ -d "$ROOT/.releaser" ] && cd "$ROOT" && ROOT=$(pwd -P) && mkdir -p "$R/lock" && rm -rf "$R"/install.* && mkdir "$T" || { why="cannot write in $ROOT/$R"; finish failed; }
line=; while IFS= read -r line && [ "$line" != end ]; do printf '%s\n' "$line" || break; done >"$T/said"
[ "$line" = end ] || { why='the line was lost'; finish failed; }
token install$$ && take_lock install$$ || { [ $? = 4 ] || { why="cannot write in $ROOT/$R"; finish failed; }; why='somebody else is at it'; finish busy; }
IFS=$TAB read -r kind name mark <<END
$(said way)
END
decode "$mark"; way=$kind$TAB$name$TAB$decoded
IFS=$TAB read -r hash text <<END
$(said script)
END
decode "$text"; text=$decoded
for each in service timer line; do decode "$(said "unit$TAB$each")"; printf %s "$decoded" >"$T/$each"; done
mark=${way##*"$TAB"}
case $(said verb) in install) install && can_tell ;; remove) remove ;; *) why='not understood'; false ;; esac || finish failed
if [ -n "$changed" ]; then finish changed; else finish same; fi
