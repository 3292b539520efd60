# shellcheck shell=sh disable=SC2154,SC2034 # what is not set or used here, the parts before and behind it set and use
# The timer's job `verify`: proves that a backup can be restored. Functions only; timer.sh is put behind them. The job's data: `backup NAME`,
# without it the newest is meant, or `sent FILE`, one that was brought for this; `command`, which has the last word.

job_verify() {
  wanted=$(value backup) sent=$(value sent) R_CHECK=$ROOT/$R/check
  prefix=$(value app)_$(value target)_
  [ -n "$wanted" ] || wanted=$(newest "$prefix")
  [ -n "$wanted" ] || { why='there is no backup yet'; return 9; }
  case $wanted$sent in */*) fail 'not understood'; return ;; esac
  file=backups/$wanted
  if [ -n "$sent" ]; then
    file=$R/check.d/$wanted; mkdir -p "$R/check.d" && mv ".releaser/restore/$sent" "$file" && mv ".releaser/restore/$sent.sha256" "$file.sha256" || { fail 'what was sent is not there'; return; }
  fi
  [ ! -f "$file" ] || size=$(wc -c <"$file")
  unpack "$ROOT/$file" "$R_CHECK"; code=$?
  rm -rf "$R/check.d"; bytes=''
  [ $code = 0 ] || return $code
  if [ -n "$(value command)" ]; then
    serving || return
    made='' B=$R_CHECK/.releaser/backup
    BACKUP_FILE_TO_RESTORE=$R_CHECK RELEASER_UNPACKED=$R_CHECK RELEASER_BACKUP=$wanted
    if [ -e "$B/stdout" ]; then BACKUP_FILE_TO_RESTORE=$B/stdout; elif [ -d "$B/files" ]; then BACKUP_FILE_TO_RESTORE=$B/files; fi
    export BACKUP_FILE_TO_RESTORE RELEASER_UNPACKED RELEASER_BACKUP
    run_command "$R/made.out"; code=$?
    tail -c 100000 "$R/made.out" >>"$R/log"
    [ $code = 0 ] || return 10
  fi
  name=$wanted bytes=$((size))
  say "$name can be restored"
}
# newest PREFIX: the name of the newest backup that begins so.
newest() {
  for file in backups/"$1"*.tar.gz backups/"$1"*.tar.gz.age; do [ ! -f "$file.sha256" ] || printf '%s\n' "${file#backups/}"; done \
    | sed -n 's/.*_\([0-9-]\{10\}_[0-9-]\{8\}\)[.]tar[.]gz.*/\1&/p' | sort | tail -n 1 | cut -c 20-
}
