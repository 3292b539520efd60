import { foldNames } from './fold-names.ts'
import { count } from './size.ts'

/** Names, or ranges of them, that a line lists; of more, it shows the first and the last. */
const MOST = 8
const FIRST = 5

/** Which hosts are meant, in one line that is short for many of them too: `8 hosts of prod: web[1:6], db1, db2`. */
export function hostsInWords(hosts: readonly { readonly target: string; readonly host: string }[]): string {
  return [...new Set(hosts.map(({ target }) => target))]
    .map((target) => {
      const names = hosts.filter((one) => one.target === target).map(({ host }) => host)
      return `${count(names.length, 'host')} of ${target}: ${inShort(foldNames(names).split(', '))}`
    })
    .join('; ')
}

function inShort(names: readonly string[]): string {
  return (names.length <= MOST ? names : [...names.slice(0, FIRST), '...', ...names.slice(-1)]).join(', ')
}
