#!/bin/sh
# Makes the release, in the folder that it is called with. Put your own build in its place: make, cargo, go, mix.
set -eu
mkdir -p "$1/bin"
cat >"$1/bin/$RELEASER_APP" <<END
#!/bin/sh
echo "$RELEASER_APP $RELEASER_VERSION runs on \$(uname -sm)"
END
chmod 755 "$1/bin/$RELEASER_APP"
