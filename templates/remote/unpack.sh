# shellcheck shell=sh disable=SC2154,SC2034 # what is not set or used here, whoever this is put in front of sets and uses
# How a backup is unpacked and proven: a part of the timer's program, and of what is sent to fetch and restore backups. Functions only;
# tree.sh and ground.sh are put in front of them. They say in `why` what went wrong.

fail() { why=$1; return 1; }
# listing FILE PATHS: what is there, a line each, and of files the hash. FILE is absolute.
# shellcheck disable=SC2086 # a hasher is of one word or more
listing() {
  to=$1; shift
  find "$@" -type d >"$to.d" 2>>"$to.said" && find "$@" -type l -exec ls -ld {} + >"$to.l" 2>>"$to.said" \
    && find "$@" -type f -exec $HASHER {} + >"$to.f" 2>>"$to.said" || { fail "cannot read all of it: $(tail -n 1 "$to.said")"; return; }
  {
    sed "s/^/dir$TAB/" "$to.d"; plain_hashes "$to.f"
    awk -v tab="$TAB" '{ for (n = 0; n < 8; n++) sub(/^[^ ]+ +/, ""); print "link" tab $0 }' "$to.l"
  } | sort >"$to"
}
# roots LIST: what a backup was made of, as `tar` was told it, a line each: `./FILE`, or `./FOLDER/.`. A name with a newline in it may look
# like one of these: it lies below one.
roots() {
  awk -F"$TAB" '{ path = substr($0, length($1) + 2) } index(path, "./") != 1 { next }
    { at = index(substr(path, 3), "/./"); if (at) path = substr(path, 1, at + 3); if (!seen[path]++) print path }' "$1" | sort \
    | awk '{ bare = $0; sub(/\/[.]$/, "", bare); for (each in kept) if (index(bare, each "/") == 1) next; kept[bare]; print }'
}
# unpack FILE DIR: unpacks a backup into DIR, which is new and whose parent has the space, and compares what comes out with the list in it;
# leaves that list in DIR.list. Both are absolute. Exit codes: 1 it cannot be unpacked here; 9 it is not there; 11 it is not what it was.
unpack() {
  archive=$1 into=$2 short=${1##*/}
  [ -f "$archive" ] && [ -f "$archive.sha256" ] || { why="there is no backup $short"; return 9; }
  case $short in *.age) fail "$short is encrypted: only whoever has its key can open it"; return ;; esac
  first_line "$archive.sha256"
  [ "$(hash_of "$archive" 2>/dev/null)" = "${line%% *}" ] || { why="$short is not what it was: its sha256 is another"; return 11; }
  bytes=$({ gzip -dc <"$archive" 2>/dev/null; echo $? >"$into.code"; } | wc -c)
  [ "$(cat "$into.code")" = 0 ] || { why="$short is not what it was: gzip cannot read it"; return 11; }
  lack=$(free "${into%/*}" | awk -v bytes="$((bytes))" '$1 == "disk" { need = int(bytes / 1024 * 1.1) + 1024; if ($2 < need) print "to unpack it takes " need " kB, and " $2 " kB are free" }')
  [ -z "$lack" ] || { fail "$lack"; return; }
  mkdir -m 700 "$into" || { fail "cannot make $into"; return; }
  { gzip -dc <"$archive" 2>/dev/null; echo $? >"$into.code"; } | tar -xpf - -C "$into" 2>"$into.said" && [ "$(cat "$into.code")" = 0 ] \
    || { fail "cannot unpack $short: $(tail -n 1 "$into.said")"; return; }
  mv "$into/.releaser/backup/list" "$into.list" 2>/dev/null && [ -f "$into/.releaser/backup/about" ] || { why="$short is no backup of releaser"; return 11; }
  set --
  # shellcheck disable=SC2094 # it is only read
  while IFS= read -r root; do set -- "$@" "$root"; done <<END
$(roots "$into.list")
END
  for root; do exists "$into/$root" || { why="$short is not what it was: ${root#./} is not in it"; return 11; }; done
  (cd "$into" && listing "$into.read" "$@") || { fail "what came out of $short cannot be read"; return; }
  cmp -s "$into.list" "$into.read" || {
    odd=$(awk 'NR == FNR { had[$0]; next } !($0 in had) { print; exit }' "$into.read" "$into.list")
    why="$short is not what it was: $(printf '%s\n' "${odd#*"$TAB"./}" | sed 's|/[.]/|/|') differs"; return 11
  }
  rm -f "$into.code" "$into.said" "$into.read"*
}
# wipe PATHS: whatever is in them, folders that nobody may write in too.
wipe() {
  for each; do
    rm -rf "$each" 2>/dev/null; exists "$each" || continue
    find "$each" -type d ! -perm -700 -exec chmod u+rwx {} \; 2>/dev/null
    rm -rf "$each"
  done
}
