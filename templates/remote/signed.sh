# shellcheck shell=sh disable=SC2154,SC2034 # what is not set or used here, agent.sh sets and uses
# The agent's part for signed releases: who may have signed comes in the plan, and whether they have, ssh-keygen says. Functions only;
# agent.sh is put behind it. In .releaser/:
#
#   signatures/ID   base64 of what `ssh-keygen -Y sign -n releaser` has made of the release's digest, and what the key was called

fact_signatures() {
  [ ! -d "$R/signatures" ] || awk -v OFS="$TAB" 'FNR == 1 { id = FILENAME; sub(".*/", "", id); print "signature", id, substr($0, 1, 9000) }' "$R"/signatures/* 2>/dev/null
}
# What was signed is the hash of the list of files: of the one that has just come, or of the one that lies here.
step_signed() { # RELEASE DIGEST ALLOWED SIGNATURE COMMENT; ALLOWED is `-` where anybody may
  [ "$3" = - ] || signed_by "$1" "$2" "$3" "$4" || return
  { [ -d "$R/signatures" ] || (umask 077 && mkdir "$R/signatures"); } && put "$R/signatures/$1" printf '%s\t%s\n' "$4" "$5" || cannot "write in $R"
}
signed_by() {
  list=$R/manifests/$1; [ -z "${I:-}" ] || list=$I/manifest
  [ "$(hash_of "$list")" = "$2" ] || { why="the list of files of $1 on this host is not the one that was signed"; return 1; }
  # It asks for the word that is missing, where it knows of signatures at all.
  case $(ssh-keygen -Y </dev/null 2>&1) in
    *requires*argument* | *argument*required*) ;;
    *) tell "note${TAB}there is no ssh-keygen here that knows signatures: who signed $1 was verified only where this came from"; return 0 ;;
  esac
  decode "$3"
  printf %s "$decoded" >"$T/allowed" && printf -- '-----BEGIN SSH SIGNATURE-----\n%s\n-----END SSH SIGNATURE-----\n' "$4" >"$T/signature" \
    || cannot "write in $R" || return
  said=$(printf 'sha256:%s\n' "$2" | ssh-keygen -Y verify -f "$T/allowed" -I releaser -n releaser -s "$T/signature" 2>&1) \
    || { why="nobody who is allowed has signed $1: $(printf '%s\n' "$said" | tr -d '\r' | head -n 1)"; return 1; }
}
