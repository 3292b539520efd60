import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'

/** src/remote and dist/remote are equally deep, so that one relative path serves both. */
const NAMES = ['tree', 'receive', 'render', 'service', 'unit', 'proof', 'otp', 'hooks', 'boot', 'libc', 'agent'] as const
const PARTS = NAMES.map((name) => readFileSync(new URL(`../../templates/remote/${name}.sh`, import.meta.url)))

/** The program that lives on hosts: functions first, then the part that ends in its call. */
export const AGENT_SCRIPT: Buffer = Buffer.concat(PARTS)

/** Its sha256: its name on a host, so that two versions of releaser do not disturb each other. */
export const AGENT_HASH: string = createHash('sha256').update(AGENT_SCRIPT).digest('hex')
