import { readFileSync } from 'node:fs'

/** The version of the running releaser. */
export function ownVersion(): string {
  const about: unknown = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'))
  if (typeof about === 'object' && about !== null && 'version' in about) return String(about.version)
  throw new Error('package.json of releaser has no version')
}
