import { ReleaserError } from '../model/errors.ts'
import type { JobRows } from '../model/job.ts'
import { parseRecipients } from '../model/recipients.ts'
import type { UpkeepInput } from './upkeep.ts'

/** Whom a backup is encrypted to, as data of the job. Fails with NOT_CHANGED where the host has no tool for it: nothing is begun whose end is known. */
export function encryptTo({ target, host, facts }: UpkeepInput): JobRows {
  const text = target.backup?.encryptTo
  if (text === undefined) return []
  const parsed = parseRecipients(text)
  if ('says' in parsed)
    throw new ReleaserError('CONFIG', `targets.${target.name}.backup.encryptTo ${parsed.says}`, { hint: parsed.hint })
  if (!facts.tools.includes('age'))
    throw new ReleaserError('NOT_CHANGED', `${host.name} lacks age, which is to encrypt its backups`, {
      hint: 'install it there as root (apt-get install age, apk add age, dnf install age), or leave encryptTo out',
    })
  return parsed.recipients.map((recipient) => ['encrypt', recipient] as const)
}
