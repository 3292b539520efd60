# shellcheck shell=sh disable=SC2154 # what is not set here, whoever this is put in front of sets
# How files are looked at: a part of the agent, and of what is sent to a host only to look.

if command -v sha256sum >/dev/null 2>&1; then HASHER=sha256sum
elif command -v shasum >/dev/null 2>&1; then HASHER='shasum -a 256'
else HASHER='openssl dgst -sha256 -r'; fi
# `hash<TAB>path`, whichever tool it was; GNU marks a line whose name it escaped with a leading backslash.
plain_hashes() { sed -e '/^\\/{s/^\\//;s/\\\\/\\/g;}' -e "s/^\([0-9a-f]*\) [ *]/\1$TAB/" "$@"; }
hash_of() { hash=$($HASHER "$1"); hash=${hash#"\\"}; printf '%s\n' "${hash%%[!0-9a-f]*}"; }
as_words() { tr '\n' '\000'; }
# exactly TYPE MODE: find's words for these permission bits and no others (a directory may have inherited its group).
exactly() {
  printf -- '-perm -%s' "$2"
  bits=${2#0}; for place in 00 0 ''; do
    rest=${bits#?}; digit=${bits%"$rest"}; bits=$rest
    case $digit in 0) unset="4 2 1" ;; 1) unset="4 2" ;; 2) unset="4 1" ;; 3) unset=4 ;; 4) unset="2 1" ;; 5) unset=2 ;; 6) unset=1 ;; *) unset= ;; esac
    for bit in $unset; do printf ' ! -perm -%s%s' "$bit" "$place"; done
  done
  [ "$1" = d ] || printf ' ! -perm -4000 ! -perm -2000'
}
