# shellcheck shell=sh
# take-out.sh CONTAINER PATH: a folder or file of a buildah container, as tar on stdout. Links are followed within the container:
# what is absolute there must not be looked for here.
set -e
root=$(buildah mount "$1")
left=${2#/} at='' links=0
while [ -n "$left" ]; do
  part=${left%%/*}
  case $left in */*) left=${left#*/} ;; *) left='' ;; esac
  case $part in '' | .) continue ;; ..) at=${at%/*}; continue ;; esac
  if [ -L "$root$at/$part" ]; then
    links=$((links + 1))
    [ "$links" -le 40 ] || { echo "too many links in $2" >&2; exit 1; }
    target=$(readlink "$root$at/$part")
    case $target in /*) at='' ;; esac
    left=$target/$left
  else
    at=$at/$part
  fi
done
[ -n "$at" ] && [ -e "$root$at" ] || { echo "$2: no such file or directory" >&2; exit 1; }
exec tar -C "$root${at%/*}" -cf - "./${at##*/}"
