import type { Command } from './command.ts'
import { HERE } from './table-here.ts'
import { HOSTS } from './table-hosts.ts'

/** Every command by its name. */
export const COMMANDS: Readonly<Record<string, Command>> = { ...HERE, ...HOSTS }

/** In what order and under what headings help lists them. */
export const GROUPS: readonly { readonly title: string; readonly commands: readonly Command[] }[] = [
  { title: 'Here', commands: Object.values(HERE) },
  { title: 'On hosts', commands: Object.values(HOSTS) },
]
