# shellcheck shell=sh disable=SC2154 # what is not set here, tree.sh sets
# Hands a release on a host over as it was sent: its list of files, then what the list names. tree.sh is put in front of it, the two
# are sent for that and stay nowhere. It writes nothing and takes no lock; whether all is as it was sent, the other end sees.
#
# stdin: DIR, ID, and how to compress, a line each; it stays open, and whoever closes it wants no more.
# stdout: `list<TAB>BYTES`, then one compressed stream: the list, and tar archives one behind the other. Or `none`.
set -u
TAB=$(printf '\t')
ROOT=$1 R=.releaser
unset TAR_OPTIONS
COPYFILE_DISABLE=1; export COPYFILE_DISABLE

# shipped WHERE: files and links of the list, by where they lie now: `tree`, `shared` (below a link to it), `covered` (by a rendered file).
shipped() {
  awk -F"$TAB" -v where="$1" '
    pass == 1 { over[$1] = $2; next }
    FNR > 1 && $2 != "d" {
      at = (($1 in over) && over[$1] == "f") ? "covered" : "tree"
      for (p = $1; at == "tree" && p != ""; p = sub("/[^/]*$", "", p) ? p : "") if ((p in over) && over[p] == "l") at = "shared"
      if (at == where) print "./" $1
    }' pass=1 "$overlay" pass=2 "$list"
}
# there: of these names, those that there are.
there() { while IFS= read -r name; do if [ -L "$name" ] || [ -f "$name" ]; then printf '%s\n' "$name"; fi; done; }
all() {
  cat "$list"
  (cd "$ROOT/releases/$dir" && shipped tree | there | archived)
  (cd "$ROOT/shared" 2>/dev/null && shipped shared | there | archived)
  (cd "$ROOT/$R/covered/$dir" 2>/dev/null && shipped covered | there | archived)
}
# What cannot be read is left out, and missed there.
archived() { as_words | xargs -0 sh -c '[ $# = 0 ] || exec tar -cf - "$@" 2>/dev/null' sh; }

IFS= read -r dir && IFS= read -r id && IFS= read -r wire || exit 64
exec 3<&0
{ while read -r _ <&3; do :; done; kill -TERM 0; } >/dev/null 2>&1 &
reader=$!
list=$ROOT/$R/manifests/$id overlay=$ROOT/$R/overlays/$dir
[ -r "$overlay" ] || overlay=/dev/null
if [ -r "$list" ] && [ -d "$ROOT/releases/$dir" ]; then
  printf 'list\t%s\n' "$(($(wc -c <"$list")))"
  all </dev/null | if [ "$wire" = zstd ]; then zstd -cq; else gzip -c; fi
else echo none; fi
exec 2>/dev/null # some shells tell of it
kill -KILL $reader
