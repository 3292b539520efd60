# shellcheck shell=sh disable=SC2154,SC2034 # what is not set or used here, agent.sh sets and uses
# The agent's part for a restore: what backups.sh has laid out in .releaser/restore/KEY comes to its places, and what was there goes back to
# them where that fails. Functions only; agent.sh is put behind it. In tx/TX/restore/, which is that folder, also: N/old (what was there),
# N/none (nothing was), N/away (what came, and was taken back); `replacing`: from here on there is something to put back.

step_take() { # KEY
  mv "$R/restore/$1" "$T/restore" && durable "$T" && [ -f "$T/restore/places" ] || { why='what was unpacked is not there any more'; return 1; }
}
# each_place WORDS: does these with $room and $place, which one rename moves to each other.
each_place() {
  n=0
  while IFS=$TAB read -r room place <&6; do n=$((n + 1)); [ "$room" != - ] || room=$T/restore/$n; "$@" || return 1; done 6<"$T/restore/places"
}
step_replace() {
  true >"$T/replacing" && durable "$T" || cannot "write the way back" || return
  each_place put_there
}
put_there() {
  if exists "$place"; then
    # A folder that nobody may write in cannot be moved elsewhere.
    [ -L "$place" ] || [ ! -d "$place" ] || [ -w "$place" ] || { true >"$room/was-tight" && chmod u+w "$place"; } || cannot "move $place" || return
    mv "$place" "$room/old"
  else true >"$room/none" && durable "$room" && mkdir -p "${place%/*}"; fi && ! exists "$place" && mv "$room/new" "$place" && durable "$room" "${place%/*}" \
    && { [ ! -e "$room/tight" ] || chmod u-w "$place"; } || cannot "replace $place"
}
step_refill() { # DIR SECONDS RUN
  all=$ROOT/$T/restore/all; given=$all
  if [ -e "$all/.releaser/backup/stdout" ]; then given=$all/.releaser/backup/stdout; elif [ -d "$all/.releaser/backup/files" ]; then given=$all/.releaser/backup/files; fi
  decode "$3"; careful_shell "$decoded" || return 1
  put "$T/refill" printf '%s; %s\n' "$careful" "$decoded" || cannot "write in $R" || return
  BACKUP_FILE_TO_RESTORE=$given RELEASER_UNPACKED=$all RELEASER_REFILL=$ROOT/$T/refill
  export BACKUP_FILE_TO_RESTORE RELEASER_UNPACKED RELEASER_REFILL
  run_hook restore "$1" "$2" new "exec $shell \"\$RELEASER_REFILL\""; code=$?
  unset BACKUP_FILE_TO_RESTORE RELEASER_UNPACKED RELEASER_REFILL
  tell_output
  [ $code -ne 0 ] || return 0
  rm -f "$T/late"
  ! given_up || return 1
  why=$ending; return 1
}

# --- the way back, each of which may be done twice ----------------------------------------------------------------

places_back() { [ ! -e "$T/replacing" ] || { each_place put_back && rm -f "$T/replacing"; }; }
put_back() {
  if ! exists "$room/new" && exists "$place" && ! exists "$room/away" && { exists "$room/old" || [ -e "$room/none" ]; }; then
    [ -L "$place" ] || [ ! -d "$place" ] || [ -w "$place" ] || chmod u+w "$place"
    mv "$place" "$room/away" || return 1
  fi
  ! exists "$room/old" || { ! exists "$place" && mv "$room/old" "$place"; } || return 1
  [ ! -e "$room/was-tight" ] || chmod u-w "$place"
  durable "$room" "${place%/*}"
}
# clear_restore: what is not needed any more, be it whole trees.
clear_restore() {
  [ -d "$T/restore" ] || return 0
  each_place clear_room
  find "$T/restore" -type d ! -perm -700 -exec chmod u+rwx {} \; 2>/dev/null
  rm -rf "$T/restore"
}
clear_room() {
  case $room in "$T"/*) return 0 ;; esac
  find "$room" -type d ! -perm -700 -exec chmod u+rwx {} \; 2>/dev/null
  rm -rf "$room"
}
