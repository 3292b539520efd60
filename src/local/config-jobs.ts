import { z } from 'zod'
import type { Target } from '../model/config.ts'
import { parseRecipients } from '../model/recipients.ts'
import { parseEvery, parseSchedule } from '../model/schedule.ts'
import { overlap, plainPath } from './config-path.ts'
import type { Problem } from './config-problem.ts'
import { backupPath, command, object, text, textThat, whole } from './config-values.ts'

const schedule = textThat((it) => {
  const parsed = parseSchedule(it)
  return 'says' in parsed ? `${parsed.says}: ${parsed.hint}` : undefined
})

/** Whom backups are for. What it holds is never repeated: it may be a private key. */
const recipients = textThat((it) => {
  const parsed = parseRecipients(it)
  return 'says' in parsed ? `${parsed.says}: ${parsed.hint}` : undefined
})
const addressProblem = (it: string) =>
  /^https?:\/\/[!-~]+$/.test(it) && URL.canParse(it) ? undefined : 'is no address: write https://…, in ASCII and without blanks'
const address = textThat(addressProblem)
/** A command, or an address. */
const told = textThat((it) => (/^https?:\/\//i.test(it) ? addressProblem(it) : command.safeParse(it).error?.issues[0]?.message))
const every = textThat((it) => {
  const parsed = parseEvery(it)
  return 'says' in parsed ? `${parsed.says}: ${parsed.hint}` : undefined
})

const keepBy = object({
  last: whole(1).exactOptional(),
  daily: whole(1).exactOptional(),
  weekly: whole(1).exactOptional(),
  monthly: whole(1).exactOptional(),
})

/** What a target says of its backups; not yet whether it makes sense. */
export const backup = object({
  paths: z.array(backupPath).exactOptional(),
  command: command.exactOptional(),
  restore: command.exactOptional(),
  schedule: schedule.exactOptional(),
  keep: z.union([whole(1), keepBy]).exactOptional(),
  beforeDeploy: z.boolean().exactOptional(),
  encryptTo: recipients.exactOptional(),
  verify: command.exactOptional(),
  verifyEvery: every.exactOptional(),
  fetch: object({ to: text, keep: whole(1).exactOptional() }).exactOptional(),
  onFailure: told.exactOptional(),
  heartbeat: address.exactOptional(),
})
/** Its clean-up. */
export const sanitize = object({ command, schedule: schedule.exactOptional() })
/** What is to happen by itself; `false` is an explicit no. */
export const auto = object({
  deploy: z.boolean().exactOptional(),
  backup: z.boolean().exactOptional(),
  sanitize: z.boolean().exactOptional(),
})

/** What is wrong with the jobs of a target, at this place of the configuration. */
export function jobProblems(at: string, { backup }: Pick<Partial<Target>, 'backup'>): readonly Problem[] {
  if (!backup) return []
  const paths = (backup.paths ?? []).map(plainPath)
  const clash = overlap(paths)
  return [
    ...(paths.length === 0 && backup.command === undefined
      ? [
          {
            path: `${at}.backup`,
            says: 'names nothing to back up',
            hint: "write paths: ['shared/uploads'], or a command that dumps",
          },
        ]
      : []),
    ...(backup.encryptTo !== undefined && backup.verifyEvery !== undefined
      ? [
          {
            path: `${at}.backup.verifyEvery`,
            says: 'cannot be where there is encryptTo: a host cannot open what is encrypted',
            hint: 'leave it out, and let a machine of yours that has the key run releaser backup-verify identity=FILE',
          },
        ]
      : []),
    ...(clash ? [{ path: `${at}.backup.paths`, says: `holds "${clash[1]}" twice`, hint: `leave "${clash[1]}" out` }] : []),
  ]
}
