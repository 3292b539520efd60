# shellcheck shell=sh disable=SC2154 # what is not set here, tree.sh sets
# Holds releases on a host against their lists of files. tree.sh is put in front of it, the two are sent for one look and stay nowhere.
# It writes nothing, not even for a moment, and takes no lock. Functions first; the call is at the end.
#
# stdin: `DIR<TAB>ID` a release, then `end`; it stays open, and whoever closes it wants no more.
# stdout: `list<TAB>ID<TAB>HASH` of each list of files, `dir<TAB>DIR` for each directory, and below it `finding<TAB>KIND<TAB>PATH<TAB>WHY` for
# what is not as it was laid out; then `seq<TAB>N`, and `end<TAB>verify`. A path that begins with `/` is one of PATH, others are of the release.
set -u
TAB=$(printf '\t')
ROOT=$1 R=.releaser

finding() { printf 'finding\t%s\t%s\t%s\n' "$1" "$2" "$3"; }
# No release has a name with a control character: such files are told as extra ones, and kept out of the lists, which have a line a file.
odd='*[[:cntrl:]]*'
names() { find . -name "$odd" -prune -o ! -name . "$@" -print 2>/dev/null; }

# wanted: `path type mode hash-or-target` of all that is to be there: what the release ships and nothing lies over, and what lies over it.
# Type `p` is a directory that only had to be made on the way to something of ours.
wanted() {
  awk -F"$TAB" -v OFS="$TAB" '
    pass == 1 {
      over[$1] = $2; print "./" $1, $2, $3, $5
      for (p = $1; sub("/[^/]*$", "", p);) made[p] = 1
      next
    }
    FNR == 1 { next }
    {
      hidden = ($1 in over)
      for (p = $1; !hidden && sub("/[^/]*$", "", p);) hidden = ((p in over) && over[p] == "l")
      if (!hidden) { delete made[$1]; print "./" $1, $2, $3, $5 }
    }
    END { for (p in made) print "./" p, "p", "-", "-" }' pass=1 "$overlay" pass=2 "$list"
}
# present: the tree as it is, `tag mode path more`. Directories and files come with their mode where the release has such ones, and all
# without; l: links; o: none of these; u: directories that we cannot look into; x: names that cannot be ours; h: hashes of what is wanted.
present() {
  for type in d f; do
    for mode in $(wanted | awk -F"$TAB" -v type=$type '$2 == type && !seen[$3]++ { print $3 }'); do
      # shellcheck disable=SC2046 # words for find
      names -type $type $(exactly $type "$mode") | sed "s/^/$type$TAB$mode$TAB/"
    done
    names -type $type | sed "s/^/$type$TAB-$TAB/"
  done
  # shellcheck disable=SC2016 # expanded by the inner sh
  find . -name "$odd" -prune -o -type l -exec sh -c '
    for p; do t=$(readlink "$p" | tr "\001-\037" "?"); printf "l\t-\t%s\t%s\n" "$p" "${t%[?]}"; done' sh {} + 2>/dev/null
  names ! -type d ! -type f ! -type l | sed "s/^/o$TAB-$TAB/"
  # shellcheck disable=SC2016
  find . -name "$odd" -prune -o -type d -exec sh -c 'for p; do [ -r "$p" ] && [ -x "$p" ] || printf "u\t-\t%s\n" "$p"; done' sh {} + 2>/dev/null
  # shellcheck disable=SC2016
  find . -name "$odd" -prune -exec sh -c 'for p; do printf "x\t-\t%s\n" "$(printf %s "$p" | tr "\001-\037\177" "?")"; done' sh {} + 2>/dev/null
  # One process hashes at a time: the host has other things to do.
  { wanted; echo '='; names -type f; } | awk -F"$TAB" '/^=$/ { listed = 1; next } !listed { if ($2 == "f") hashed[$1]; next } $0 in hashed' \
    | as_words | xargs -0 sh -c '[ $# = 0 ] || exec '"$HASHER"' "$@" 2>/dev/null' sh | plain_hashes | sed "s/^/h$TAB/"
}
# compare: what is wanted, `=`, what is present; says where they differ. Of what is extra only the uppermost is named.
compare() {
  awk -F"$TAB" -v OFS="$TAB" '
    function say(kind, p, why) { print "finding", kind, substr(p, 3), why }
    function within(p, set) { while (sub("/[^/]*$", "", p)) if (p in set) return p; return "" }
    BEGIN { word["d"] = "a directory"; word["f"] = "a file"; word["l"] = "a link"; word["o"] = "neither a file nor a directory" }
    /^=$/ { listed = 1; next }
    !listed { type[$1] = $2; mode[$1] = $3; value[$1] = $4; next }
    $1 == "h" { hash[$3] = $2; next }
    $1 == "u" { shut[$3]; next }
    $1 == "x" { say("extra", $3, "its name holds a control character"); next }
    $2 != "-" { if (mode[$3] == $2) fits[$3]; next }
    { is[$3] = $1; if ($1 == "l") target[$3] = substr($0, length($1 $2 $3) + 4) }
    END {
      for (p in type) {
        t = type[p]; why = ""
        if (!(p in is)) { say("missing", p, within(p, shut) != "" ? "its folder cannot be looked into" : ""); continue }
        if (is[p] != (t == "p" ? "d" : t)) { say("changed", p, "is " word[is[p]]); continue }
        if (t == "p") continue
        if (t == "l") { if (target[p] != value[p]) say("changed", p, "goes to " target[p]); continue }
        if (t == "f" && !(p in hash)) why = "cannot be read"
        else if (t == "f" && hash[p] != value[p]) why = "content"
        if (t == "d" && p in shut) why = "cannot be looked into"
        if (!(p in fits)) why = why (why == "" ? "" : ", ") "mode is not " mode[p]
        if (why != "") say("changed", p, why)
      }
      for (p in is) if (!(p in type)) { top = p; for (q = p; sub("/[^/]*$", "", q) && q != ".";) if (!(q in type)) top = q; below[top]++ }
      for (p in below) say("extra", p, is[p] == "d" ? "a directory" (below[p] > 1 ? " with " below[p] - 1 " entries" : "") : is[p] == "f" ? "" : word[is[p]])
    }'
}
# covered: the files of the release that rendered ones lie over are whole where they were laid by.
covered() {
  awk -F"$TAB" -v OFS="$TAB" 'pass == 1 { if ($2 == "f") over[$1]; next } FNR > 1 && $2 == "f" && $1 in over { print $1, $5 }' pass=1 "$overlay" pass=2 "$list" \
    | while IFS=$TAB read -r path hash; do
      laid=$R/covered/$1/$path
      if [ ! -f "$ROOT/$laid" ]; then finding missing "/$laid" ""
      elif [ "$(hash_of "$ROOT/$laid" 2>/dev/null)" != "$hash" ]; then finding changed "/$laid" content; fi
    done
}
verify() { # DIR ID
  list=$ROOT/$R/manifests/$2 overlay=$ROOT/$R/overlays/$1
  printf 'list\t%s\t%s\ndir\t%s\n' "$2" "$(hash_of "$list" 2>/dev/null)" "$1"
  # One that is none of ours, or far too large, is not gone through: that it is another one its hash has said.
  [ "$(head -c 19 "$list" 2>/dev/null)" = "releaser-manifest${TAB}1" ] && [ -z "$(find "$list" -size +524288)" ] || return 0
  [ -r "$overlay" ] || { finding missing "/$R/overlays/$1" ""; overlay=/dev/null; }
  cd "$ROOT/releases/$1" 2>/dev/null && [ -r . ] || { finding changed . "cannot be looked into"; return 0; }
  { wanted; echo '='; present; } | compare
  covered "$1"
}
all() {
  while IFS=$TAB read -r dir id && [ "$dir" != end ]; do verify "$dir" "$id" </dev/null; done
  printf 'seq\t%s\nend\tverify\n' "$(head -c 20 "$ROOT/$R/seq" 2>/dev/null)"
}
# Nobody's line hangs up on what it started: a reader of stdin ends our group when whoever asked has gone.
exec 3<&0
words=
while IFS= read -r line; do
  words=$words$line'
'
  [ "$line" != end ] || break
done
{ while read -r _ <&3; do :; done; kill -TERM 0; } >/dev/null 2>&1 &
reader=$!
printf '%s' "$words" | all
exec 2>/dev/null # some shells tell of it
kill -KILL $reader
