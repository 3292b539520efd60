# shellcheck shell=sh disable=SC2154 # what is not set here, agent.sh sets
# The agent's part for what only releases of Erlang and Elixir have.

# fact_cookies: of each release of mix, the hash of its cookie, as its manifest has it. Nobody compares them with what is none, so
# that only where one serves all lists of files are read, which can be many and long.
fact_cookies() {
  serving=${serving##*/}; grep -q "^releases/COOKIE${TAB}f" "$R/manifests/${serving%%~*}" 2>/dev/null || return 0
  awk -F"$TAB" -v OFS="$TAB" '$1 == "releases/COOKIE" && $2 == "f" { id = FILENAME; sub(".*/", "", id); print "cookie", id, $5 }' "$R"/manifests/* 2>/dev/null
}
