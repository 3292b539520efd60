# shellcheck shell=sh disable=SC2154,SC2034 # what is not set or used here, agent.sh sets and uses
# The agent's part for templates: files of a release with the app's environment put in, and a release laid out once more
# without anything being sent. Functions only; agent.sh is put behind it.
#
# In .releaser/:
#   overlays/DIR   a rendered file is a line there like a link is: path, f, mode, size, hash, and the mark of what it was rendered from
#   covered/DIR/   files of the release that a rendered one lies over: with them the release can be laid out again

# render FILE SECRETS: its text with `${NAME}` and `${NAME:-default}` put in, on stdout; `$${` stands for `${`. Nothing is evaluated,
# and what was put in is not looked at again. Ends with 4 where a secret (`,NAME,NAME,`) went in, with 1 where something is not set: $T/unset says what.
render() {
  # The dot keeps the end as it is, with a newline or without.
  { cat "$1" && echo .; } | RENDER_UNSET=$T/unset RENDER_SECRETS=$2 awk '
    function value(name,   rest, out, at, c) {
      if (name in known) return known[name]
      rest = told[name]; out = ""
      while ((at = index(rest, "\\")) > 0) {
        c = substr(rest, at + 1, 1)
        out = out substr(rest, 1, at - 1) (c == "n" ? "\n" : c == "t" ? "\t" : c == "r" ? "\r" : c)
        rest = substr(rest, at + 2)
      }
      return known[name] = out rest
    }
    function fill(text,   before, ref, name, put, at) {
      while (match(text, /[$][{][A-Za-z_][A-Za-z0-9_]*(:-[^}]*)?[}]/)) {
        before = substr(text, 1, RSTART - 1); ref = substr(text, RSTART + 2, RLENGTH - 3); text = substr(text, RSTART + RLENGTH)
        if (substr(before, length(before)) == "$") { print before "{" ref "}"; continue }
        at = index(ref, ":-"); name = at ? substr(ref, 1, at - 1) : ref
        put = name in told ? value(name) : ""
        if (put != "" && index(ENVIRON["RENDER_SECRETS"], "," name ",")) secret = 1
        if (put == "" && at) put = substr(ref, at + 2)
        else if (!(name in told) && !(name in missed)) { missed[name]; unset = unset (unset == "" ? "" : ", ") name " (line " line ")" }
        print before put
      }
      print text
    }
    BEGIN { ORS = ""; told["RELEASER_RELEASE_DIR"]; known["RELEASER_RELEASE_DIR"] = ENVIRON["RELEASER_RELEASE_DIR"] }
    pass == 1 { if (sub(/^(app-)?env\t/, "")) { at = index($0, "\t"); told[substr($0, 1, at - 1)] = substr($0, at + 1) } next }
    { if (line) { fill(last); print "\n" } line++; last = $0 }
    END { fill(substr(last, 1, length(last) - 1)); if (unset != "") print unset >ENVIRON["RENDER_UNSET"]; exit(unset != "" ? 1 : secret ? 4 : 0) }
  ' pass=1 "$T/plan" pass=2 -
}
# The files of a release are rendered in its own directory, which does not serve yet: each is whole when it gets its name.
step_render() { # DIR FROM TO MODE MARK SECRETS; MODE and SECRETS may be `-`
  template=releases/$1/$2 to=releases/$1/$3
  no_links "$1" "$2" && no_links "$1" "$3" || return
  if [ ! -f "$template" ]; then
    # A release from before there was this template still has to serve again.
    [ "$(field action "$T/plan")" != rollback ] || { tell "note$TAB$1 has no $2, so that $3 is not rendered"; return 0; }
    why="the release has no file $2"; return 1
  fi
  [ ! -d "$to" ] || { why="$3 is a directory of the release"; return 1; }
  [ "$(tr -d '\000' <"$template" | wc -c)" -eq "$(wc -c <"$template")" ] || { why="$2 holds a NUL byte, so it is no text"; return 1; }
  rm -f "$T/rendered" "$T/unset"
  (
    umask 077; RELEASER_RELEASE_DIR=$(cd -P "releases/$1" && pwd); export RELEASER_RELEASE_DIR
    render "$template" "$6" >"$T/rendered"
  )
  code=$?
  [ ! -s "$T/unset" ] || { why="$2 needs what is not set: $(cat "$T/unset")"; return 1; }
  mode=$4; [ "$mode" != - ] || { mode=$(mode_of "$template"); [ $code != 4 ] || mode=${mode%??}00; }
  case $code in 0 | 4) chmod "$mode" "$T/rendered" ;; *) false ;; esac && durable "$T/rendered" && { case $3 in */*) mkdir -p "${to%/*}" ;; esac; } \
    && cover "$1" "$3" && size=$(wc -c <"$T/rendered") && hash=$(hash_of "$T/rendered") && mv -f "$T/rendered" "$to" && durable "${to%/*}" \
    && { { cat "$R/overlays/$1" 2>/dev/null; printf '%s\tf\t%s\t%s\t%s\t%s\n' "$3" "$mode" "$((size))" "$hash" "$5"; } | put "$R/overlays/$1" cat; } \
    || cannot "write $3 in releases/$1"
}
# no_links DIR PATH: refuses a path of a release that leads over a link, and so maybe out of it.
no_links() {
  way=releases/$1 rest=$2/
  while [ -n "$rest" ]; do
    way=$way/${rest%%/*} rest=${rest#*/}
    [ ! -L "$way" ] || { why="${way#releases/*/} is a link, and templates are no business of what lies behind it"; return 1; }
  done
}
mode_of() {
  # shellcheck disable=SC2012 # there is no stat(1) to rely on, and only the first word is read
  ls -ld "$1" | awk '{ for (n = 2; n <= 10; n++) mode = mode * 2 + (substr($1, n, 1) != "-"); printf "%04o", mode; exit }'
}
# cover DIR PATH: what the release ships there is laid by.
cover() {
  exists "releases/$1/$2" && ! exists "$R/covered/$1/$2" || return 0
  laid=$R/covered/$1/$2
  (umask 077 && mkdir -p "${laid%/*}") && { ln "releases/$1/$2" "$laid" 2>/dev/null || cp -p "releases/$1/$2" "$laid"; }
}

# A release that is here, laid out once more from its own directory and checked as if it had been sent.
step_again() { # RELEASE DIGEST FROM copy|hardlink; DIGEST `-` where nobody knows it
  I=$R/incoming/again M=$ROOT/$I/rest base=$1 by=$4 digest=$2
  [ "$digest" != - ] || digest=$(hash_of "$R/manifests/$1")
  rm -rf "$I" && mkdir -p "$I/tree" "$M" && true >"$I/delta" && true >"$M/delta" && true >"$I/links" && printf '%s\t%s\n' "$1" "$3" >"$M/reuse" \
    || cannot "write in $R" || return
  make_manifest || { why="the list of files of $1 on this host is not the one that was sent"; return 1; }
  # What links to shared/ lie over is not there any more, and not wanted.
  [ ! -f "$R/overlays/$3" ] || awk -F"$TAB" '$2 == "l"' "$R/overlays/$3" >"$I/links"
  awk -F"$TAB" 'pass == 1 { over[$1] = 1; next }
    { for (path = $1; path != ""; path = sub("/[^/]*$", "", path) ? path : "") if (path in over) next } 1' pass=1 "$I/links" pass=2 "$I/manifest" >"$M/manifest"
  read_manifest
  (
    cd "$I/tree" && lay_out || exit 1
    take_over
    awk -F"$TAB" -v OFS="$TAB" '$2 == "l" { print $1, $5 }' "$M/manifest" \
      | while IFS=$TAB read -r path target; do ln -s -- "$target" "./$path" || exit 1; done || exit 1
    sound | hash_listed >"$M/have"
    whole
  ) || {
    changed=$(grep -vxF -f "$M/is" "$M/should" 2>/dev/null | sed -n 's|^\./||;s/'"$TAB"'.*//p' | head -n 1)
    why="releases/$3 is not as it was sent${changed:+: $changed}"; return 1
  }
  # Its links to shared/ as they were: a rollback changes nothing there.
  true >"$I/overlay" && while IFS=$TAB read -r path _ _ _ target; do
    { case $path in */*) mkdir -p "$I/tree/${path%/*}" ;; esac; } && rm -rf "$I/tree/$path" && ln -s -- "$target" "$I/tree/$path" \
      && printf '%s\tl\t-\t-\t%s\n' "$path" "$target" >>"$I/overlay" || cannot "link $path" || return
  done <"$I/links"
}
