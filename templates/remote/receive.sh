# shellcheck shell=sh disable=SC2154 # what is not set here, agent.sh sets
# The agent's other part: how a release's files come to a host. Functions only; agent.sh is put behind it, and the two
# are one script there. `receive` runs beside `run`, under its transaction, and changes nothing but incoming/DIGEST/:
#
#   manifest delta   the release's manifest, made from one that is here and a difference
#   reuse            releases from which unchanged files may be taken
#   tree/            the release as it grows; what was verified in an earlier, cut transfer is kept
#   have             hash and path of the files in tree/
#   is should        the tree as `find` sees it, and as the manifest wants it: only if they are equal is it verified
#   verified         the transaction that found them equal
#
# The conversation: it says `manifest` and reads it, says which entries it needs and `send`, reads one compressed tar.

# hash_listed: `hash<TAB>path` of the paths on stdin, by two processes where xargs can; each writes a file of its own.
hash_listed() {
  ! exists "$M/sums" || rm -rf "$M/sums"
  mkdir "$M/sums" || return 1
  # shellcheck disable=SC2086,SC2016 # words for xargs, and what its sh expands
  as_words | xargs -0 $pair sh -c '[ $# = 0 ] || exec '"$HASHER"' "$@" >>"$0/$$" 2>/dev/null' "$M/sums"
  plain_hashes "$M"/sums/* 2>/dev/null
}
# read_manifest: sets what is asked of it again and again: its lines, the modes of its files and folders, and the words that have
# xargs take two processes, where there are many files.
read_manifest() {
  lines=0 f_modes='' d_modes='' pair=''
  # shellcheck disable=SC2013 # words
  for word in $(awk -F"$TAB" '($2 == "f" || $2 == "d") && !seen[$2 $3]++ { print $2 $3 } END { print NR }' "$M/manifest"); do
    case $word in f*) f_modes="$f_modes ${word#f}" ;; d*) d_modes="$d_modes ${word#d}" ;; *) lines=$word ;; esac
  done
  [ "$lines" -le 250 ] || ! xargs -0 -P 2 true </dev/null >/dev/null 2>&1 || pair='-P 2 -n 250'
}
verb_receive() {
  IFS= read -r TX && IFS= read -r digest && IFS= read -r base && IFS= read -r by && IFS= read -r wire && IFS= read -r bytes || return 64
  case $digest$base in *[!0-9a-f~-]*) return 64 ;; esac
  cd "$ROOT" || return 1
  T=$R/tx/$TX I=$R/incoming/$digest M=$ROOT/$I
  phase open && holder_now || { end failed 'the deploy that this belongs to is gone'; return 1; }
  case $holder in *-"$TX".held) ;; *) end failed 'somebody else is at work here'; return 1 ;; esac
  born $$ && echo "$$ $birth" >"$T/receiver" && mkdir -p "$I/tree" && { ! exists "$I/verified" || rm -f "$I/verified"; } || { unwritable; return 1; }
  line=; while IFS= read -r line && [ "$line" != end ]; do printf '%s\n' "$line" || break; done >"$I/reuse"
  [ "$line" = end ] || { unwritable; return 1; }
  tell manifest
  head -c "$bytes" | gzip -dc >"$I/delta" 2>/dev/null
  make_manifest || { end mismatch; return 1; }
  read_manifest
  cd "$I/tree" && find . -type l -exec rm -f {} + && no_strangers && lay_out || { unwritable; return 1; }
  take_over
  sound | hash_listed >"$M/have"
  needs=$(needed) || { unwritable; return 1; }
  [ ! -s "$M/missing" ] || as_words <"$M/missing" | xargs -0 rm -f
  [ -z "$needs" ] || echo "$needs"
  tell send
  if [ -n "$needs" ]; then
    errors=$({ if [ "$wire" = zstd ]; then zstd -dcq; else gzip -dc; fi | tar -xmof -; } 2>&1)
    durable_tree . &
    hash_listed <"$M/missing" >>"$M/have"
    wait
  fi
  if ! whole; then
    { grep -vxF -f "$M/is" "$M/should"; grep -vxF -f "$M/should" "$M/is"; } | head -n 20 | sed "s/^/differs$TAB/"
    end damaged "$(printf '%s\n' "${errors:-}" | grep . | head -n 1)$(blame "${errors:-}")"; return 1
  fi
  cd "$ROOT" && durable_tree "$I/tree" && put "$I/verified" echo "$TX" || { unwritable; return 1; }
  end verified
}
# whole: whether the tree is what the manifest says; `is` and `should` tell where it is not.
whole() {
  present | LC_ALL=C sort >"$M/is"
  awk -F"$TAB" -v OFS="$TAB" 'NR > 1 { print "./" $1, $2, $3, $5 } END { print NR - 1 " entries" }' "$M/manifest" | LC_ALL=C sort >"$M/should"
  # On a full disk both lists may have come out empty: only whole ones prove anything.
  cmp -s "$M/is" "$M/should" && [ "$(wc -l <"$M/is")" -eq "$lines" ]
}
# The manifest: lines of the base that stay, and those that came, in the one order; its hash is the release's digest.
make_manifest() {
  from=/dev/null; [ "$base" = - ] || from=$R/manifests/$base
  {
    printf 'releaser-manifest\t1\n'
    awk 'pass == 1 { if (sub(/^-/, "")) { split($0, r, ","); for (n = r[1] + 0; n <= r[2]; n++) drop[n] = 1 } else if (sub(/^[+]/, "")) print; next }
      FNR > 1 && !((FNR - 1) in drop)' pass=1 "$I/delta" pass=2 "$from" | LC_ALL=C sort
  } >"$I/manifest"
  [ "$(hash_of "$I/manifest")" = "$digest" ]
}
# sound: files with the mode that they are to have. One that was cut off while it was copied has another, and is sent again.
sound() {
  with_modes f | awk -F"$TAB" 'pass == 1 { if ($2 == "f") want[$3 FS "./" $1] = 1; next }
    sub(/^mode /, "") { mode = $0; next } (mode FS $0) in want' pass=1 "$M/manifest" pass=2 -
}
# with_modes TYPE: the paths of this type, those of each mode that is wanted after a line `mode MODE`.
with_modes() {
  case $1 in f) set -- f "$f_modes" ;; *) set -- d "$d_modes" ;; esac
  for mode in $2; do
    echo "mode $mode"
    # shellcheck disable=SC2046 # words for find
    find . -type "$1" $(exactly "$1" "$mode") -print
  done
}
# no_strangers: a tree that got its links to shared/ already has folders that the release does not ship.
no_strangers() {
  [ ! -e "$M/overlay" ] || find . ! -name . -print | awk -F"$TAB" 'pass == 1 { want["./" $1] = 1; next } !($0 in want)' pass=1 "$M/manifest" pass=2 - \
    | as_words | xargs -0 sh -c '[ $# = 0 ] || rm -rf "$@"' sh
}
wanted() { awk -F"$TAB" -v type="$1" -v mode="${2:-}" '$2 == type && (mode == "" || $3 == mode) { print "./" $1 }' "$M/manifest"; }
lay_out() {
  wanted d >"$M/folders" || return 1
  [ -s "$M/folders" ] || return 0
  as_words <"$M/folders" | xargs -0 mkdir -p || return 1
  # shellcheck disable=SC2086 # a word each
  set -- $d_modes
  [ $# != 1 ] || { as_words <"$M/folders" | xargs -0 chmod "$1"; return; }
  for mode; do wanted d "$mode" | as_words | xargs -0 chmod "$mode" || return 1; done
}
# take_over: files that lie in a release here come from there. Only what `find` calls a regular file is touched, which
# also means that no directory above it is a link; what has drifted since shows when the copies are hashed.
take_over() {
  copy='cp -p'; ! cp -p --reflink=auto "$M/delta" "$M/probe" 2>/dev/null || copy='cp -p --reflink=auto'
  [ "$by" != hardlink ] || copy='ln'
  while IFS=$TAB read -r id dir; do
    # What a rendered file lies over is whole in covered/, and is not what it was in the release.
    for source in "$ROOT/$R/covered/$dir" "$ROOT/releases/$dir"; do
      [ -d "$source" ] && [ ! -L "$source" ] && [ -f "$ROOT/$R/manifests/$id" ] || continue
      (cd "$source" && find . -type f) >"$M/regular"
      find . -type f >"$M/taken"
      awk -F"$TAB" -v OFS="$TAB" '
        function folder(p) { return sub("/[^/]*$", "", p) ? p : "." }
        function name(p) { sub(".*/", "", p); return p }
        pass == 1 { regular[$0] = 1; next }
        pass == 2 { taken[$0] = 1; next }
        pass == 3 { if ($2 == "f" && regular["./" $1]) { key = $5 $3; at["./" $1] = key; any[key] = "./" $1 } next }
        $2 == "f" && !taken["./" $1] {
          path = "./" $1; key = $5 $3; if (!(key in any)) next
          from = at[path] == key ? path : any[key]
          print folder(path), folder(from), name(from), name(path)
        }' pass=1 "$M/regular" pass=2 "$M/taken" pass=3 "$ROOT/$R/manifests/$id" pass=4 "$M/manifest" | LC_ALL=C sort >"$M/copies"
      copy_all <"$M/copies"
    done
  done <"$M/reuse"
}
# copy_all: one process for up to 64 files that go from one folder to another under their own names.
copy_all() {
  at=; set --
  while IFS=$TAB read -r to from name as; do
    if [ "$at" != "$to$TAB$from" ] || [ $# -ge 64 ] || [ "$name" != "$as" ]; then
      [ $# = 0 ] || $copy "$@" "$into/" 2>/dev/null
      set --; at=$to$TAB$from into=$to
    fi
    if [ "$name" = "$as" ]; then set -- "$@" "$source/$from/$name"; else $copy "$source/$from/$name" "$to/$as" 2>/dev/null; at=; fi
  done
  [ $# = 0 ] || $copy "$@" "$into/" 2>/dev/null
}
# needed: lines `need FROM-TO`, the numbers of the entries that have to come, links among them. Leaves in missing the paths of
# files whose content is wrong or not there.
needed() {
  true >"$M/missing"
  MISSING=$M/missing awk -F"$TAB" '
    function need(number) { if (last && number == last + 1) { last = number; return } tell(); first = last = number }
    function tell() { if (last) print "need\t" first "-" last }
    pass == 1 { have[$2] = $1; next }
    FNR == 1 { next }
    $2 == "l" { need(FNR - 1) }
    $2 == "f" && have["./" $1] != $5 { print "./" $1 >ENVIRON["MISSING"]; need(FNR - 1) }
    END { tell() }
  ' pass=1 "$M/have" pass=2 "$M/manifest"
}
# present: the tree as it is, a line an entry: path, type, mode, hash or target.
present() {
  for type in d f; do echo "type $type"; with_modes $type; done | awk -F"$TAB" -v OFS="$TAB" '
    pass == 1 { hash[$2] = $1; next }
    sub(/^type /, "") { type = $0; next } sub(/^mode /, "") { mode = $0; next }
    $0 != "." { print $0, type, mode, type == "f" ? hash[$0] : "-" }' pass=1 "$M/have" pass=2 -
  find . -type l -exec sh -c 'for p; do printf "%s\tl\t-\t%s\n" "$p" "$(readlink "$p")"; done' sh {} +
  # What is neither of these, or has other permissions, shows in the number of entries.
  echo "$(($(find . | wc -l) - 1)) entries"
}
