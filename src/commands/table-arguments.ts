import type { Argument, Command } from './command.ts'

export const TARGET: Argument = {
  key: 'target',
  value: 'NAME',
  required: true,
  summary: 'a target or a group; several by commas',
}

export const HOST: Argument = {
  key: 'host',
  value: 'PATTERN',
  summary: 'only hosts that fit: web*, tag:eu, !web3',
}

export const APP: Argument = {
  key: 'app',
  value: 'NAME',
  summary: 'of these targets only those of this app; several by commas',
}

/** How what changes hosts and switches nothing can end. */
export const CHANGING: Command['exits'] = [
  'USAGE',
  'CONFIG',
  'CONNECTION',
  'AUTH',
  'HOST_KEY',
  'LOCKED',
  'NOT_CHANGED',
  'PARTIAL',
  'NOT_FOUND',
]

/** And what switches `current`. */
export const SWITCHING: Command['exits'] = [...CHANGING, 'ROLLED_BACK', 'REMOTE_COMMAND']
