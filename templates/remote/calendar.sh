# shellcheck shell=sh disable=SC2154 # TAB is set by whoever this is put in front of
# When a job is due, and which backups stay: pure functions of the timer's program, which is put behind them. All times are text.

# due_since SCHEDULE SINCE NOW: prints the last time of SCHEDULE (five fields, numbers by commas, or *) after SINCE until NOW; fails where there is
# none. Times are the host's, as its clock on the wall says them, YYYYMMDDHHMM: so none is missed nor met twice when that is changed.
# Where it was put back behind SINCE, once too often is better than not at all. To some awks a zero in front makes a number octal.
due_since() {
  printf '%s\n' "$1" | awk -v since="$2" -v now="$3" '
    function number(s) { sub(/^0+/, "", s); return s + 0 }
    function has(list, n) { return list == "*" || index("," list ",", "," n ",") }
    function long(y, m) { return m == 2 ? 28 + (y % 4 == 0 && (y % 100 != 0 || y % 400 == 0)) : 30 + (m < 8 ? m % 2 : (m + 1) % 2) }
    function weekday(y, m, d) { if (m < 3) { y--; m += 12 } return (d + int(13 * (m + 1) / 5) + y + int(y / 4) - int(y / 100) + int(y / 400) + 6) % 7 }
    function fits(y, m, d) { if (!has($4, m)) return 0
      if ($3 != "*" && $5 != "*") return has($3, d) || has($5, weekday(y, m, d))
      return has($3, d) && has($5, weekday(y, m, d)) }
    since > now { print now; exit 0 }
    { y = substr(now, 1, 4) + 0; m = number(substr(now, 5, 2)); d = number(substr(now, 7, 2)); until = number(substr(now, 9, 4))
      while ((date = y * 10000 + m * 100 + d) >= substr(since, 1, 8) + 0) {
        if (fits(y, m, d)) for (h = 23; h >= 0; h--) if (has($2, h)) for (i = 59; i >= 0; i--) if (has($1, i) && h * 100 + i <= until) {
          at = sprintf("%08d%02d%02d", date, h, i)
          if (at + 0 > since + 0) { print at; exit 0 }
          exit 1
        }
        until = 2359
        if (--d == 0) { if (--m == 0) { m = 12; y-- } d = long(y, m) }
      }
      exit 1 }'
}
# keepers NEWEST PREFIX 'LAST DAILY WEEKLY MONTHLY': reads names; of each, newest first, `keep|drop NAME REASON`.
keepers() {
  awk -v prefix="$2" 'index($0, prefix) == 1 && /^[A-Za-z0-9._+~-]+_[0-9][0-9][0-9][0-9]-[01][0-9]-[0-3][0-9]_[0-2][0-9]-[0-5][0-9]-[0-6][0-9][.]tar[.]gz([.]age)?$/ {
    plain = $0; sub(/[.]age$/, "", plain); print substr(plain, length(plain) - 25, 19) "\t" $0 }' | sort -r | awk -F"$TAB" -v newest="$1" -v keep="$3" '
    BEGIN { n = split(keep, most, " "); split("last daily weekly monthly", word, " "); plain = newest; sub(/[.]age$/, "", plain); now = substr(plain, length(plain) - 25, 19) }
    function day(s,  y, m, d) { y = substr(s, 1, 4) + 0; m = ("1" substr(s, 6, 2)) - 100; d = ("1" substr(s, 9, 2)) - 100
      if (m < 3) { y--; m += 12 }
      return 365 * y + int(y / 4) - int(y / 100) + int(y / 400) + int((153 * (m - 3) + 2) / 5) + d }
    $1 > now { next }
    { of[1] = $2; of[2] = substr($1, 1, 10); of[3] = int((day($1) + 1) / 7); of[4] = substr($1, 1, 7); why = $2 == newest ? "the newest" : ""
      for (i = 1; i <= n; i++) if (count[i] < most[i] && !((i, of[i]) in seen)) { seen[i, of[i]]; count[i]++; why = why (why == "" ? "" : ", ") word[i] }
      print why == "" ? "drop" : "keep", $2, why == "" ? "no rule keeps it" : why }' OFS="$TAB"
}
