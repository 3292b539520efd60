import type { Argument } from './command.ts'

export const TARGET: Argument = {
  key: 'target',
  value: 'NAME',
  required: true,
  summary: 'a target or a group; several by commas',
}

export const HOST: Argument = { key: 'host', value: 'PATTERN', summary: 'only hosts whose name fits, such as web*' }
