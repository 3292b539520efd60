import { describe, expect, it } from 'vitest'
import { viewOf } from '../../src/model/host-view.ts'
import { A, B, C, factsWith, onHost } from '../support/facts.ts'

describe('viewOf', () => {
  it('finds current, previous and the rest, newest first', () => {
    const view = viewOf(factsWith([onHost(A), onHost(B), onHost(C, { state: 'bad' })], [A, B]))
    expect([view.current?.id, view.previous?.id, view.releases.map(({ id }) => id)]).toEqual([B, A, [C, B, A]])
  })

  it('passes over a release that served before but is not good any more', () => {
    expect(viewOf(factsWith([onHost(A), onHost(B, { state: 'bad' }), onHost(C)], [A, B, C])).previous?.id).toBe(A)
  })

  it('leaves directories alone that carry no manifest or no id', () => {
    const facts = factsWith([onHost(A)], [A], { dirs: [A, B, 'backup', 'my-own'] })
    expect(viewOf(facts).releases.map(({ dir }) => dir)).toEqual([A])
  })

  it('rebuilds what a lost state knew: what carries its name was complete', () => {
    const facts = factsWith([onHost(A), onHost(B), onHost(C)], [A, B], { state: null })
    const view = viewOf(facts)
    expect([view.current?.id, view.previous?.id, view.served]).toEqual([B, A, [A, B]])
    expect(view.releases.map(({ state }) => state)).toEqual(['good', 'good', 'good'])
  })

  it('calls a release active while nobody has confirmed it', () => {
    const facts = factsWith([onHost(A)], [A], { dirs: [A, B], manifests: [A, B], current: { kind: 'link', dir: B } })
    expect(viewOf(facts).current).toEqual({ id: B, dir: B, version: 'unknown', digest: 'unknown', state: 'active' })
  })

  it('knows what serves, also where its list of files is lost', () => {
    const facts = factsWith([onHost(A), onHost(B)], [A, B], { manifests: [A] })
    expect(viewOf(facts)).toMatchObject({ current: { id: B, state: 'good' }, previous: { id: A } })
  })

  it('takes what this machine knows of releases where the host has lost its memory, now or once', () => {
    const recalled = [{ id: A, version: '1.0.0', digest: 'sha256:a', layout: 'mix/shop/1.0.0' }]
    const lost = viewOf(factsWith([onHost(A), onHost(B)], [A, B], { state: null, recalled }))
    expect(lost.releases).toEqual([
      { id: B, dir: B, version: 'unknown', digest: 'unknown', state: 'good' },
      { id: A, dir: A, version: '1.0.0', digest: 'sha256:a', layout: 'mix/shop/1.0.0', state: 'good' },
    ])
    const rebuilt = [onHost(A, { version: 'unknown', digest: 'unknown', state: 'bad' }), onHost(B, { version: '2.0.0' })]
    const later = viewOf(factsWith(rebuilt, [A, B], { recalled: [...recalled, { id: B, version: 'other', digest: 'x' }] }))
    expect(later.releases).toMatchObject([
      { id: B, version: '2.0.0' },
      { id: A, version: '1.0.0', digest: 'sha256:a', state: 'bad' },
    ])
  })

  it('never calls what is current previous, also where the one between is gone', () => {
    expect(viewOf(factsWith([onHost(A)], [A, B, A])).previous).toBeNull()
  })
})
