import type { AppUnit } from '../model/service.ts'
import type { Wish } from '../remote/agent.ts'

/** How a target's `logs` calls what systemd keeps of its app. */
export const JOURNAL = 'journal'

/** Where there is none to be shown. */
export const NO_UNIT = 'there is no unit of the app, so that the journal has nothing of it'

/** `$1` is whose systemd, `$2` the unit, `$3` the number of lines. */
const READ = `kind=$1 unit=$2 lines=$3
read_journal() {
  case $kind in
    systemd-user) exec journalctl --user -q -o short-iso --no-hostname -u "$unit" -n "$lines" "$@" ;;
    systemd-sudo) exec sudo -n journalctl -q -o short-iso --no-hostname -u "$unit" -n "$lines" "$@" ;;
    *) exec journalctl -q -o short-iso --no-hostname -u "$unit" -n "$lines" "$@" ;;
  esac
}
`

/** What shows the end of a unit's journal. */
export function journalTail({ kind, name }: AppUnit, lines: number): Wish {
  return { script: `${READ}read_journal --no-pager`, args: [kind, name, String(lines)] }
}

/** What follows it, until its stdin ends. */
export function journalFollow({ kind, name }: AppUnit, lines: number): Wish {
  return { script: `${READ}read_journal -f &\n${UNTIL_LET_GO}`, args: [kind, name, String(lines)] }
}

/** Ends what runs in the background when stdin does, which is when we end it or the line is gone: a reader alone would notice that only when it writes. */
export const UNTIL_LET_GO = `trap 'kill $! 2>/dev/null' EXIT
trap 'exit 0' HUP INT TERM PIPE
cat >/dev/null`
