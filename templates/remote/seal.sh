# shellcheck shell=sh disable=SC2154,SC2034 # what is not set or used here, the parts around it set and use
# What becomes of a backup that has been proven: encrypted to those who may read it, where that is wanted, it gets its name, and the app's hook is
# told. Functions of the timer's program, which is put behind it. In a job's data: `encrypt<TAB>RECIPIENT`, any number; `post-backup<TAB>COMMAND`,
# `patience<TAB>SECONDS`, `on-failure<TAB>ignore|stop` and `hook-data<TAB>JSON`.
#
# What it promises: where a backup is to be encrypted, what is not lies in .releaser alone (0700), until the run is over, or the next one begins. No recipient is ever a word of
# a shell. An encrypted backup has its name only when age has said that it is good, and it is as long as age's format makes it of so many bytes.

# draft: sets $part to where the archive is made, and $whom to how many may read it. Where nobody can tell, none is made: it might be for few.
draft() {
  whom=$(grep -c "^encrypt$TAB" "$data"); [ $? -lt 2 ] && [ -n "$whom" ] || fail "cannot read $ROOT/$data" || return
  if [ "$whom" != 0 ]; then part=$R/made.plain; else part=backups/$name.part; fi
}
# give_name: what lies in $part gets its name; sets $name to it, and $sum.
give_name() {
  if [ "$whom" != 0 ]; then
    chmod -R u+rwX "$R/check" 2>/dev/null; rm -rf "$R/check"
    seal "$part" "backups/$name.age.part" || return
    rm -f "$part"
    name=$name.age; part=backups/$name.part
  fi
  sum=$(hash_of "$part") && [ ${#sum} = 64 ] && printf '%s  %s\n' "$sum" "$name" >"$part.sha256.part" && durable "$part.sha256.part" backups \
    && mv "$part.sha256.part" "backups/$name.sha256" && mv "$part" "backups/$name" && durable backups || fail "cannot write in $ROOT/backups" || return
  there=yes
}
# seal FILE TO: encrypts FILE to the job's recipients, with the app's PATH. A host cannot read it again: it has no key.
seal() {
  to=$R/made.recipients
  sed -n "s/^encrypt$TAB//p" "$data" | put "$to" cat || fail "cannot write in $ROOT/$R" || return
  (
    [ ! -f .releaser/env ] || load_env <.releaser/env
    load_env <"$data"
    command -v age >/dev/null 2>&1 || { echo 'age is not there, or not in PATH'; exit 1; }
    exec age -R "$to" -o "$2" "$1"
  ) </dev/null >"$R/made.said" 2>&1 || { cat "$R/made.said" >>"$R/log"; fail "cannot encrypt it: $(head -n 1 "$R/made.said")"; return; }
  durable "$2" && sealed "$2" "$(wc -c <"$1")" "$whom" || fail 'cannot encrypt it: what age has written is not whole'
}
# sealed FILE BYTES RECIPIENTS: whether FILE is one of age for so many, and has the length that so many bytes get by it: behind lines of text, of which the
# last begins with `---`, 16 bytes, and 16 more with each 64 kB. By awk: some shells count up to 2 GB.
sealed() {
  head -c 22 "$1" | head -n 1 | grep -qx 'age-encryption[.]org/v1' || return
  head=$(head -c 100000 "$1" | {
    head=0 for_them=0
    while IFS= read -r line; do
      head=$((head + ${#line} + 1))
      case $line in '-> '*) for_them=$((for_them + 1)) ;; '--- '*) [ $for_them -lt "$3" ] || echo $head; break ;; esac
    done
  })
  [ -n "$head" ] && awk -v size="$(wc -c <"$1")" -v head="$head" -v plain="$2" 'BEGIN { exit size + 0 != head + 16 + plain + 16 * int((plain + 65535) / 65536) }'
}

# post_backup: the app's hook, in the release that serves. When it fails the job has failed, and the backup stays, and is the newest.
post_backup() {
  [ -n "$(value post-backup)" ] || return 0
  patience=$(value patience)
  decode "$(value hook-data)"
  put "$R/made.data" printf '%s,"release":{"id":"%s","version":"%s"},"backup":{"name":"%s","bytes":%s,"sha256":"%s"}}\n' \
    "${decoded%\}}" "$release" "$version" "$name" "$bytes" "$sum" || fail "cannot write in $ROOT/$R" || return
  RELEASER_BACKUP_FILE=$ROOT/backups/$name RELEASER_BACKUP_NAME=$name RELEASER_BACKUP_BYTES=$bytes RELEASER_BACKUP_SHA256=$sum made=''
  export RELEASER_BACKUP_FILE RELEASER_BACKUP_NAME RELEASER_BACKUP_BYTES RELEASER_BACKUP_SHA256
  run_command "$R/made.out" post-backup; code=$?
  [ ! -f "$R/made.out" ] || tail -c 100000 "$R/made.out" >>"$R/log"
  [ $code != 0 ] || return 0
  if [ -e "$R/made.late" ]; then why="post-backup did not end within $patience s"
  else
    words=$(grep '[^[:space:]]' "$R/made.out" 2>/dev/null | tail -n 1 | cut -c 1-300)
    why="$why${words:+: $words}"
  fi
  [ "$(value on-failure)" = ignore ] || return 1
  say "$why, which is ignored"; why=
}
# limit SECONDS PID: ends it, and what it has started, when time is out.
limit() {
  (
    left=$1
    while [ "$left" -gt 0 ] && left=$((left - 1)); do kill -0 "$2" || exit 0; sleep 1; done
    true >"$R/made.late"; kill -TERM "-$2" || kill -TERM "$2"; sleep 3; kill -KILL "-$2" || kill -KILL "$2"
  ) </dev/null >/dev/null 2>&1 &
  limiter=$!
}
