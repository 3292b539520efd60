import type { Backup } from './job.ts'
import { madeAt } from './job.ts'

/** What a backup says of itself, once it is open. */
export interface BackupContent {
  /** `app`, `target`, `host`, `release`, `version`, and when: as its host knew them. */
  readonly about: Readonly<Record<string, string>>
  /** Files and folders below the deploy path. */
  readonly paths: readonly string[]
  /** Whether it holds what a command has dumped. */
  readonly dump: boolean
}

/** A backup that has been unpacked and proven on a host, and waits there to be put back. */
export interface LaidBackup extends BackupContent {
  readonly name: string
  /** Where it waits, in words of the host. */
  readonly key: string
}

/** Whether a name is one of an app and a target. What is inside has the last word: names of both may hold `_`. */
export function isOf(name: string, { app, target }: { readonly app: string; readonly target: string }): boolean {
  return name.startsWith(`${app}_${target}_`) && madeAt(name) !== null
}

/** Newest first; what does not say when it was made comes last. */
export function byAge<T extends Pick<Backup, 'name'>>(backups: readonly T[]): readonly T[] {
  const at = ({ name }: T) => madeAt(name) ?? ''
  return [...backups].sort((a, b) => (at(a) < at(b) ? 1 : at(a) > at(b) ? -1 : a.name < b.name ? 1 : -1))
}

/**
 * The newest backup that was made while `version` served, before `until` (seconds since 1970): what a rollback to it gives the data of
 * its time back. Two releases can have one version: what is inside has the last word here too.
 */
export function backupBefore<T extends Pick<Backup, 'name'>>(
  backups: readonly T[],
  {
    app,
    target,
    version,
    until,
  }: { readonly app: string; readonly target: string; readonly version: string; readonly until: number },
): T | undefined {
  const stamp = /_\d{4}-\d\d-\d\d_\d\d-\d\d-\d\d\.tar\.gz(?:\.age)?$/
  return byAge(backups).find(({ name }) => {
    const at = madeAt(name)
    return at !== null && name.replace(stamp, '') === `${app}_${target}_${version}` && Date.parse(at) <= until * 1000
  })
}
