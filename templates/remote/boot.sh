# shellcheck shell=sh disable=SC2154 # what is not set here, agent.sh sets
# The agent's part for a host that went down in the middle: what starts the agent at boot, and what it does then. Functions
# only; agent.sh is put behind it. A way to be started is KIND UNIT MARK: systemd, systemd-user or cron; the unit's file name;
# the words that end our line in a crontab, for all else there is somebody's own. So is the way to run the app, of which unit.sh
# tells. Each of the two, boot and unit, has a file of its name in .releaser/ and a folder in tx/TX/.
#
# In .releaser/:
#   agent          a link to the agent that was used last: units and lines call this name
#   boot           the way that setup has installed, so that status knows where to look
# In tx/TX/boot/, the way back: was (that file), ways (the new one, then the old one, as far as they are), and in 1 and 2 what was
# installed there

# --- boot: what the next contact would do, done at once ------------------------------------------------------------

verb_boot() {
  exec </dev/null >/dev/null # nobody asks, and nobody listens
  LC_ALL=C; export LC_ALL
  cd "$ROOT" || return 1
  [ "$(head -n 1 "$R/format" 2>/dev/null)" = "$FORMAT" ] && unfinished || return 0
  ! scarce || rm -rf "$R/spare"
  born $$; TX=boot$$x$birth T=$R/tx/$TX
  rm -rf "$T"; claim \
    && printf 'by\t%s\nwhere\t%s\nmessage\tsettling what was cut off\n' "$(id -un 2>/dev/null)" "$(uname -n)" >"$T/plan" \
    || { rm -rf "$T"; return 1; }
  take_lock "$TX" || {
    code=$?; rm -rf "$T"
    # Whoever is at work has settled it.
    [ $code = 4 ]; return
  }
  trap ':' HUP PIPE
  recover && { [ -z "$settled" ] || advance; }; code=$?
  lay_by 2>/dev/null
  rm -rf "$T"; rm -f "$mine.held"
  return $code
}
unfinished() { for file in "$R"/journal/* "$R"/lock/* "$R"/tx/*; do [ ! -e "$file" ] || return 0; done; return 1; }

# --- setup: what starts us at boot -----------------------------------------------------------------------------------

place_unit() { # KIND UNIT: sets $unit_file, $unit_link, and $as, the words that make a command root's
  as=
  case $1 in
    systemd-user) units=${HOME:-}/.config/systemd/user wants=default ;;
    *) units=/etc/systemd/system wants=multi-user; [ "$1" != systemd-sudo ] || as='sudo -n' ;;
  esac
  case $2 in *.timer) wants=timers ;; esac
  unit_file=$units/$2 unit_link=$units/$wants.target.wants/$2
}
# marked 1|0 MARK: the lines that are ours, or those that are not.
marked() { MARK=$2 awk -v ours="$1" '{ n = length($0) - length(ENVIRON["MARK"]); if ((n > 0 && substr($0, n + 1) == ENVIRON["MARK"]) == ours) print }'; }
# crontab_now FILE: an error that is taken for an empty crontab would empty it.
crontab_now() {
  words=$(crontab -l 2>&1 >"$1" </dev/null) && return 0
  case $words in *[Nn]'o crontab'* | *'No such file'*) true >"$1" ;; *) why="crontab -l: ${words%%"$NL"*}"; return 1 ;; esac
}
# installed KIND UNIT MARK: prints what starts us there.
installed() {
  if [ "$1" = cron ]; then crontab -l 2>/dev/null </dev/null | marked 1 "$3"
  else place_unit "$1" "$2"; [ ! -L "$unit_link" ] || [ ! -f "$unit_file" ] || cat "$unit_file"; fi
}
# install_way KIND UNIT MARK FILE: FILE's content is what starts us there, and nothing where it is empty.
install_way() {
  if [ "$1" = cron ]; then install_line "$3" "$4"; return; fi
  place_unit "$1" "$2"
  # shellcheck disable=SC2086 # $as is none or two words
  words=$({
    $as rm -f "$unit_file".*.tmp
    if [ -s "$4" ]; then
      $as mkdir -p "${unit_link%/*}" && put_unit <"$4" && cmp "$4" "$unit_file" \
        && { [ -L "$unit_link" ] || $as ln -s "../$2" "$unit_link"; } && durable "${unit_link%/*}"
    else $as rm -f "$unit_link" "$unit_file" && ! exists "$unit_file"; fi
  } 2>&1) || { why="cannot install $unit_file: ${words%%"$NL"*}"; return 1; }
}
# put_unit: as `put`.
# shellcheck disable=SC2016,SC2086 # its own sh expands that; $as is none or two words
put_unit() {
  $as sh -c 'umask 022; cat >"$1"' sh "$unit_file.$$.tmp" && durable "$unit_file.$$.tmp" \
    && $as mv -f "$unit_file.$$.tmp" "$unit_file" && durable "$units" || { $as rm -f "$unit_file.$$.tmp"; return 1; }
}
install_line() { # MARK FILE
  crontab_now "$T/crontab" || return 1
  { marked 0 "$1" <"$T/crontab" && cat "$2"; } >"$T/crontab.new" || cannot "write in $R" || return
  ! cmp -s "$T/crontab" "$T/crontab.new" || return 0
  words=$(set_crontab "$T/crontab.new" 2>&1)
  crontab_now "$T/crontab.now" && cmp -s "$T/crontab.now" "$T/crontab.new" && return 0
  why="crontab does not take our line${words:+: ${words%%"$NL"*}}"
  cmp -s "$T/crontab.now" "$T/crontab" || set_crontab "$T/crontab" 2>/dev/null
  return 1
}
set_crontab() { if [ -s "$1" ]; then crontab - <"$1"; else crontab -r; fi; }

step_boot() { decode "$3"; place_way boot "$1$TAB$2$TAB$decoded" "$4"; } # KIND UNIT MARK TEXT
# place_way boot|unit WAY TEXT: TEXT is installed in this way, in the place of what is; nothing where the way is empty.
place_way() {
  way=$2 old='' B=$T/$1
  decode "$3"
  mkdir "$B" && printf %s "$decoded" >"$B/new" && true >"$B/none" && { [ ! -f "$R/$1" ] || sed 1q "$R/$1" >"$B/was"; } \
    && { [ -z "$way" ] || printf '%s\n' "$way"; [ ! -f "$B/was" ] || cat "$B/was"; } >"$B/ways.new" || cannot "write in $R" || return
  why=; keep_ways && durable "$B"/* "$B" "$T" && mv "$B/ways.new" "$B/ways" && durable "$B" \
    || { [ -n "$why" ] && return 1; } || cannot "write in $R" || return
  [ ! -f "$B/was" ] || old=$(cat "$B/was")
  [ -z "$way" ] || with_way "$way" "$B/new" || return 1
  [ -z "$old" ] || [ "$old" = "$way" ] || with_way "$old" "$B/none" || return 1
  { [ -z "$way" ] || put "$R/$1" printf '%s\n' "$way"; } && { [ -n "$way" ] || { rm -f "$R/$1" && durable "$R"; }; } || cannot "write in $R"
}
with_way() { # WAY FILE
  IFS=$TAB read -r kind unit mark <<END
$1
END
  install_way "$kind" "$unit" "$mark" "$2"
}
keep_ways() {
  n=0
  while IFS=$TAB read -r kind unit mark; do
    n=$((n + 1))
    [ "$kind" != cron ] || crontab_now "$T/crontab" || return 1
    installed "$kind" "$unit" "$mark" >"$B/$n" || return 1
  done <"$B/ways.new"
}
# The undo: only what is ours is put back, since the rest may have been changed meanwhile.
unplace() { # boot|unit
  B=$T/$1
  [ -f "$B/ways" ] || return 0
  n=0
  while IFS=$TAB read -r kind unit mark; do
    n=$((n + 1))
    install_way "$kind" "$unit" "$mark" "$B/$n" || return 1
  done <"$B/ways"
  if [ -f "$B/was" ]; then put "$R/$1" cat "$B/was"; else rm -f "$R/$1"; fi
}
