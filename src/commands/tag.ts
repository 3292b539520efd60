import type { Run } from './command.ts'
import { openPlace, releaseMeant } from './place.ts'
import { releaseJson } from './release-shown.ts'
import { tagsOf } from './release-words.ts'

export const run: Run = async (call) => {
  const { values, ui } = call
  const tags = tagsOf(values['tag'])
  const place = await openPlace(call, false)
  const { store } = place
  let release = releaseMeant(place, call)
  for (const tag of tags) {
    for (const other of store.list(release.app).filter((one) => one.id !== release.id && one.tags.includes(tag))) {
      ui.warn(
        `${other.id} has the tag ${tag} too, so release=${tag} is ambiguous; take it off: releaser untag release=${other.id} tag=${tag}`,
      )
    }
    release = await store.tag(release.id, tag)
  }
  return {
    result: { release: releaseJson(release, store.latest(release.app).id === release.id) },
    text: `${release.app} ${release.version}  ${release.id}  tags: ${release.tags.join(', ')}`,
  }
}
