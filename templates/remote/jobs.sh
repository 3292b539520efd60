# shellcheck shell=sh disable=SC2154,SC2034 # what is not set or used here, the parts before it set and use
# Tells how the jobs of a host are, and which backups lie there. ground.sh is put in front of it; the two are sent for one look, take no lock,
# write nothing and stay nowhere.
#
# stdout: `wall<TAB>YYYYMMDDHHMM<TAB>SECONDS`, the clock on the wall and the time; for each job that is installed or has run
# `job<TAB>NAME`, and below it the lines of its data but for its command, `run<TAB>` and the lines of its state, `alive` while it runs; for each
# backup `backup<TAB>NAME<TAB>BYTES<TAB>SHA256`; then `end<TAB>jobs`.
set -u
TAB=$(printf '\t')
ROOT=$1 R=.releaser

printf 'wall\t%s\t%s\n' "$(date +%Y%m%d%H%M)" "$(now)"
cd "$ROOT" || exit 1
for job in backup sanitize; do
  dir=$R/timer/$job
  [ -f "$dir/job" ] || [ -f "$dir/state" ] || continue
  printf 'job\t%s\n' "$job"
  [ ! -f "$dir/job" ] || grep -v "^command$TAB" "$dir/job"
  [ ! -f "$dir/state" ] || sed "s/^/run$TAB/" "$dir/state"
  for holder in "$dir"/lock/*.held; do [ ! -e "$holder" ] || ! living "$holder" || echo alive; done
done
for file in backups/*.tar.gz; do
  [ -f "$file" ] && [ -f "$file.sha256" ] || continue
  first_line "$file.sha256"
  printf 'backup\t%s\t%s\t%s\n' "${file#backups/}" "$(($(wc -c <"$file")))" "${line%% *}"
done
printf 'end\tjobs\n'
