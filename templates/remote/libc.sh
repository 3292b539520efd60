# shellcheck shell=sh
# The agent's part for the C libraries that programs find here: each is known by its loader. A release that was built for another
# one would not start, and is refused before it is sent. Functions only; agent.sh is put behind it.

fact_libc() {
  for loader in /lib/ld-musl-*; do [ -e "$loader" ] && { fact libc musl; break; }; done
  for loader in /lib/ld-linux* /lib64/ld-linux* /lib64/ld64.so*; do [ -e "$loader" ] && { fact libc glibc; break; }; done
}
