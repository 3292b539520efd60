import type { Command } from './command.ts'
import { APP } from './table-app.ts'
import { HERE } from './table-here.ts'
import { HOSTS } from './table-hosts.ts'
import { INTERACTIVE } from './table-interactive.ts'

/** Every command by its name. */
export const COMMANDS: Readonly<Record<string, Command>> = { ...HERE, ...HOSTS, ...INTERACTIVE }

/** In what order and under what headings help lists them; a `brief` group by their names alone, so that all fit a screen. */
export const GROUPS: readonly { readonly title: string; readonly brief?: true; readonly commands: readonly Command[] }[] = [
  { title: 'Here', commands: Object.values(HERE) },
  { title: 'On hosts', commands: Object.values({ ...HOSTS, ...INTERACTIVE }) },
]
