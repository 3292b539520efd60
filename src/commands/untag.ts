import { ReleaserError } from '../model/errors.ts'
import type { Run } from './command.ts'
import { openPlace, releaseMeant } from './place.ts'
import { releaseJson } from './release-shown.ts'
import { tagsOf } from './release-words.ts'

export const run: Run = async (call) => {
  const tags = tagsOf(call.values['tag'])
  const place = await openPlace(call, false)
  const { store } = place
  let release = releaseMeant(place, call)
  const { id } = release
  const missing = tags.find((tag) => !release.tags.includes(tag))
  if (missing !== undefined) {
    const has = release.tags.length === 0 ? 'it has no tags' : `its tags: ${release.tags.join(', ')}`
    throw new ReleaserError('NOT_FOUND', `${id} has no tag "${missing}"`, { hint: has })
  }
  for (const tag of tags) release = await store.untag(id, tag)
  return {
    result: { release: releaseJson(release, store.latest(release.app).id === id) },
    text: `${release.app} ${release.version}  ${id}  ${release.tags.length === 0 ? 'no tags' : `tags: ${release.tags.join(', ')}`}`,
  }
}
