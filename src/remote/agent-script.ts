import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'

/** src/remote and dist/remote are equally deep, so that one relative path serves both. */
const NAMES = [
  'tree',
  'ground',
  'receive',
  'render',
  'service',
  'unit',
  'proof',
  'otp',
  'hooks',
  'signed',
  'prune',
  'replace',
  'boot',
  'tidy',
  'libc',
  'build',
  'agent',
] as const
const PARTS = NAMES.map((name) => readFileSync(new URL(`../../templates/remote/${name}.sh`, import.meta.url), 'utf8'))

/** A line that is a comment and nothing else; a test makes sure that none of them is inside quotes or a document. */
export const COMMENT_LINE = /^[ \t]*#.*\n/gm

const HEAD = '# The agent of releaser; its source, templates/remote/*.sh of the same version, explains it.\n'

/**
 * The program that lives on hosts: functions first, then the part that ends in its call. What explains it stays at home: the first
 * contact sends it with each call, in a variable, which Linux limits to 128 KiB.
 */
export const AGENT_SCRIPT: Buffer = Buffer.from(HEAD + PARTS.join('').replaceAll(COMMENT_LINE, ''))

/** Its sha256: its name on a host, so that two versions of releaser do not disturb each other. */
export const AGENT_HASH: string = createHash('sha256').update(AGENT_SCRIPT).digest('hex')
