/** What a host does by itself, beside the app. */
export type JobKind = 'backup' | 'sanitize' | 'verify'

export const JOBS = ['backup', 'sanitize', 'verify'] as const satisfies readonly JobKind[]

/** A job's data for the host: each a key and its values, of any text. */
export type JobRows = readonly (readonly [string, ...string[]])[]

/** How a run of a job ended on a host. */
export interface JobEnd {
  /** 0: good; 1: failed; 4: the same job is at work there; null: the line was lost. */
  readonly exit: number | null
  /** The backup that was made, and its size in bytes; null where none was. */
  readonly made: { readonly name: string; readonly bytes: number } | null
  /** Why it failed; empty where it did not. */
  readonly message: string
  /** What was written into its log meanwhile. */
  readonly output: string
}

/** A backup as it lies on a host. */
export interface Backup {
  readonly name: string
  readonly bytes: number
  /** What is written beside it. */
  readonly sha256: string
}

/** A job that is installed on a host, or has run there. Times are seconds since 1970. */
export interface HostJob {
  readonly job: JobKind
  /** The five fields of its schedule; null where no timer runs it. */
  readonly schedule: string | null
  /** From when on its schedule counts, by the host's clock on the wall, as if that were in UTC: in milliseconds. */
  readonly since: number | null
  readonly running: boolean
  readonly started: number | null
  readonly ended: number | null
  /** How the last run ended; null while it runs, or where it was cut off. */
  readonly exit: number | null
  readonly message: string
  /** When the last good run ended. */
  readonly good: number | null
  /** The backup that it made or proved; null where it was about none. */
  readonly name?: string | null
}

/** What a host says of its jobs. */
export interface HostJobs {
  /** Its clock on the wall, as if it were in UTC, and the time: both in milliseconds. */
  readonly wall: number
  readonly now: number
  /** What wakes the jobs, and whether it is there; null where nothing is installed. */
  readonly way: { readonly kind: string; readonly installed: boolean } | null
  readonly jobs: readonly HostJob[]
  readonly backups: readonly Backup[]
}

const STAMP = /_(\d{4}-\d\d-\d\d)_(\d\d)-(\d\d)-(\d\d)\.tar\.gz(?:\.age)?$/

/** When a backup was made, by its name, as ISO 8601; null where that does not say it. */
export function madeAt(name: string): string | null {
  const match = STAMP.exec(name)
  return match ? `${match[1]}T${match[2]}:${match[3]}:${match[4]}Z` : null
}

/** What a job will do, as the end of a sentence; empty where its data do not say. */
export function jobInWords(rows: JobRows | null): string {
  const told = ['path', 'command', 'encrypt', 'post-backup']
  const parts = (rows ?? []).flatMap(([key, value = '']) =>
    told.includes(key) ? [`${WORDS[key] ?? key} ${value.split('\n')[0]}`] : [],
  )
  return parts.length === 0 ? '' : `: ${parts.join(', ')}`
}

const WORDS: Readonly<Record<string, string>> = { encrypt: 'encrypted to' }
