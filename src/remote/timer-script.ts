import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { COMMENT_LINE } from './agent-script.ts'

/** src/remote and dist/remote are equally deep, so that one relative path serves both. */
const PARTS = ['tree', 'ground', 'calendar', 'unpack', 'proving', 'seal', 'told', 'sanitize', 'timer'].map((name) =>
  readFileSync(new URL(`../../templates/remote/${name}.sh`, import.meta.url), 'utf8'),
)

const HEAD = '# The timer of releaser; its source, templates/remote/*.sh of the same version, explains it.\n'

/** The program that backs up and sanitizes on hosts: run at once from memory, or by a timer from `.releaser/timer-HASH.sh`. */
export const TIMER_SCRIPT: Buffer = Buffer.from(HEAD + PARTS.join('').replaceAll(COMMENT_LINE, ''))

/** Its sha256: its name on a host. */
export const TIMER_HASH: string = createHash('sha256').update(TIMER_SCRIPT).digest('hex')
