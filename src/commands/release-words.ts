import { ReleaserError } from '../model/errors.ts'
import { isName, isReserved, NAME_RULE } from '../model/name.ts'

/** The tags of `tag=a,b`, each once. Fails with USAGE for what is no tag. */
export function tagsOf(list: string | undefined): readonly string[] {
  const tags = list?.split(',').map((tag) => tag.trim()) ?? []
  for (const tag of tags) {
    if (!isName(tag)) throw new ReleaserError('USAGE', `tag=${JSON.stringify(tag)} is no tag`, { hint: NAME_RULE })
    if (isReserved(tag)) throw new ReleaserError('USAGE', `"${tag}" has a meaning of its own`, { hint: 'choose another tag' })
  }
  return [...new Set(tags)]
}

/** A release by a word that works as a REF among these: its version, or its id where another one has that version too. */
export function nameAmong(release: Named, all: readonly Named[]): string {
  const { id, version } = release
  const alone = all.every((other) => other.id === id || other.version !== version)
  return alone && version !== '' && version !== 'unknown' ? version : id
}

interface Named {
  readonly id: string
  readonly version: string
}

/** The version of `version=`. Fails with USAGE for what is none. */
export function versionOf(text: string | undefined): string | undefined {
  if (text === undefined || isName(text)) return text
  throw new ReleaserError('USAGE', `version=${JSON.stringify(text)} is no version`, { hint: NAME_RULE })
}
