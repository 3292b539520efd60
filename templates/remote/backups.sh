# shellcheck shell=sh disable=SC2154,SC2034 # what is not set or used here, the parts before it set and use
# Hands a backup over, takes one in, and lays one out for a restore. tree.sh, ground.sh and unpack.sh are put in front of it; they are sent for
# it and stay nowhere. stdin: one line, and what belongs to it.
#
#   fetch<TAB>NAME<TAB>OFFSET   `file<TAB>BYTES<TAB>SHA256`, then its bytes from OFFSET on
#   send<TAB>NAME<TAB>BYTES<TAB>SHA256, the bytes, and the end of stdin: takes it into .releaser/restore/NAME; `go`, then `end<TAB>EXIT<TAB>WHY`
#   look<TAB>NAME               `about<TAB>KEY<TAB>VALUE…`, `root<TAB>PATH…` and `dump` of a backup, as its list has them
#   unpack<TAB>KEY<TAB>NAME<TAB>here|sent   unpacks and proves it in .releaser/restore/KEY/: the same lines, then `end<TAB>EXIT<TAB>WHY`. What
#                               nobody has taken from there when stdin ends goes.
#
# In .releaser/restore/KEY/: all/ (what was unpacked), N/new (what is to come to the place that is line N of `places`: ROOM<TAB>PATH; ROOM is
# `-` for N/, else a folder beside that place, where it lies on another file system), TOKEN.owner (who made it)
set -u
umask 077
TAB=$(printf '\t')
NL='
'
ROOT=$1 R=.releaser W=.releaser/restore why=''
end() { printf 'end\t%s\t%s\n' "$1" "$(printf %s "$why" | tr '\t\n' '  ')"; }

cd "$ROOT" && ROOT=$(pwd -P) || exit 1
IFS=$TAB read -r verb one two three
case $one in '' | */* | .*) why='not understood'; end 64; exit ;; esac

told() { # the list; what is about it stands in no such line
  printf '%s\n' "$1" | sed "/${TAB}[.][/]/d" | sed "s/^/about$TAB/"
  printf '%s\n' "$1" | roots - | sed -n '/^[.][/][.]releaser[/]/!s|^[.]/|root'"$TAB"'|p' | sed 's|/[.]$||'
  ! grep -q -e "${TAB}[.]/[.]releaser/backup/[.]/stdout$" -e "${TAB}[.]/[.]releaser/backup/[.]/files$" <<END || echo dump
$1
END
}
mounted() { free "$1" | sed -n "s/^disk${TAB}[0-9]*$TAB//p"; }
# make_room N ROOT: what is to come to this place lies where one rename brings it there.
make_room() {
  path=${2%/.} room=$W/$key/$1
  case $path in ./.releaser* | ./backups* | *..* | .) fail "it holds ${path#./}, which no restore puts back"; return ;; esac
  place=$ROOT/${path#./}
  if [ -L "$place" ]; then place=$(cd -P "$place" 2>/dev/null && pwd -P) || { fail "${path#./} is a link to nothing here"; return; }; fi
  case $place in *"$TAB"* | *"$NL"*) fail "${path#./} is a link to a place of an odd name"; return ;; esac
  parent=${place%/*}; until [ -d "$parent" ]; do parent=${parent%/*}; done
  [ -w "$parent" ] || { fail "nobody may write in $parent, where ${path#./} is to be replaced"; return; }
  at=$(mounted "$parent"); said=-
  { [ ! -d "$place" ] || [ "$(mounted "$place")" = "$at" ]; } || { fail "${path#./} is a file system of its own, which cannot be replaced by one rename: back up a folder in it"; return; }
  if [ "$at" != "$(mounted "$ROOT/$R")" ]; then room=$parent/.releaser-$key-$1 said=$room; fi
  mkdir -m 700 "$room" && printf '%s\t%s\n' "$said" "$place" >>"$W/$key/places" || { fail "cannot write in $parent"; return; }
  # Whoever moves a folder changes what is in it: its parent. What was not to be written in is so again later.
  from=$W/$key/all/$path
  { [ ! -d "$from" ] || [ -w "$from" ] || { true >"$room/tight" && chmod u+w "$from"; }; } \
    && if [ "$said" = - ]; then mv "$from" "$room/new"; else (cd "${from%/*}" && tar -cf - "${from##*/}") | (cd "$room" && tar -xpf -) && mv "$room/${from##*/}" "$room/new"; fi \
    && exists "$room/new" && durable_tree "$room" || fail "cannot write in $room"
}
clear_rooms() {
  while IFS=$TAB read -r other _; do [ "$other" = - ] || wipe "$other"; done <"$1/places"
} 2>/dev/null
# clear_away: what others have left who are not there any more.
clear_away() {
  for old in "$W"/*/; do
    [ -d "$old" ] || continue
    for owner in "$old"*.owner; do ! living "/lock/${owner##*/}" || continue 2; done
    clear_rooms "$old"; wipe "${old%/}"
  done
  find "$W" -type f -name '*.tar.gz*' ! -path "$W/*/*" -mtime +0 -exec rm -f {} + 2>/dev/null
}

case $verb in
  fetch)
    [ -f "backups/$one" ] && [ -f "backups/$one.sha256" ] || { why="there is no backup $one"; end 9; exit; }
    first_line "backups/$one.sha256"
    printf 'file\t%s\t%s\n' "$(($(wc -c <"backups/$one")))" "${line%% *}"
    exec tail -c "+$((two + 1))" "backups/$one" ;;
  look)
    [ -f "backups/$one" ] || { why="there is no backup $one"; end 9; exit; }
    case $one in *.age) end 0; exit ;; esac
    said=$(gzip -dc <"backups/$one" 2>/dev/null | tar -xOf - ./.releaser/backup/./about ./.releaser/backup/./list 2>/dev/null)
    told "$said"
    end 0 ;;
  send)
    mkdir -p "$W" && clear_away
    lack=$(free "$W" | awk -v bytes="$two" '$1 == "disk" && $2 < bytes / 1024 + 1024 { print "it takes " int(bytes / 1024) " kB, and " $2 " kB are free" }')
    [ -z "$lack" ] || { why=$lack; end 1; exit; }
    echo go
    cat >"$W/$one.part" && [ "$(hash_of "$W/$one.part")" = "$three" ] && durable "$W/$one.part" && printf '%s  %s\n' "$three" "$one" >"$W/$one.sha256" \
      && mv "$W/$one.part" "$W/$one" || { rm -f "$W/$one.part" "$W/$one.sha256"; why='it did not arrive whole'; end 1; exit; }
    end 0 ;;
  unpack)
    key=$one name=$two
    case $name in '' | */* | .*) why='not understood'; end 64; exit ;; esac
    exec 3<&0 </dev/null
    mkdir -p "$W" && clear_away
    token x && mkdir "$W/$key" && true >"$W/$key/$TOKEN.owner" || { why="cannot write in $ROOT/$W"; end 1; exit; }
    # Whoever closes stdin wants no more, be it in the middle.
    (
      while read -r _ <&3; do :; done
      [ ! -e "$W/$key/busy" ] || kill -TERM 0
    ) >/dev/null 2>&1 &
    reader=$!
    true >"$W/$key/busy"
    trap 'clear_rooms "$W/$key"; wipe "$W/$key"; exit 1' TERM INT HUP PIPE
    file=$ROOT/backups/$name
    [ "$three" != sent ] || { file=$ROOT/$W/$key/$name; mv "$W/$name" "$W/$name.sha256" "$W/$key" || { why="cannot write in $ROOT/$W"; end 1; exit; }; }
    unpack "$file" "$ROOT/$W/$key/all"; code=$?
    if [ $code = 0 ]; then
      [ "$three" != sent ] || rm -f "$file" "$file.sha256"
      told "$(cat "$W/$key/all/.releaser/backup/about" "$W/$key/all.list")"
      true >"$W/$key/places"; n=0
      while [ $code = 0 ] && IFS= read -r root; do
        case $root in ./.releaser/backup/.) continue ;; esac
        n=$((n + 1)); make_room $n "$root" || code=1
      done <<END
$(roots "$W/$key/all.list")
END
    fi
    rm -f "$W/$key/busy"
    end $code
    wait $reader
    clear_rooms "$W/$key"; [ ! -e "$W/$key" ] || wipe "$W/$key" ;;
  *) why='not understood'; end 64 ;;
esac
